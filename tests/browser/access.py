"""What axe finds on a page."""

from pathlib import Path

# The tenth row of a table teaches axe nothing that the first did not, and costs as much.
LOOKED_AT = {"exclude": [["tbody tr:nth-child(n+10)"]]}
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def violations(page, rules=None):
    # The policy of the site forbids foreign scripts, so axe comes in through the debugger.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    # The size of targets is a rule of WCAG 2.2 that axe leaves out unless it is asked.
    only = {"runOnly": rules} if rules else {"rules": {"target-size": {"enabled": True}}}
    # A selector for every part of a page that passes takes longer than the rules.
    options = {"resultTypes": ["violations"], **only}
    run = "async ([context, options]) => (await axe.run(context, options)).violations"
    found = page.evaluate(run, [LOOKED_AT, options])
    return [
        (v["id"], [n["target"] for n in v["nodes"]][:3], v["nodes"][0]["failureSummary"])
        for v in found
    ]
