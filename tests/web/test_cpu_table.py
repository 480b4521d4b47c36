"""The table with CPUs as columns: where the manual is wrong on one, and what of that was seen."""

import pytest

from app.core.filters import AGAINST
from app.core.views import view_cells
from app.core.wanted import families_without_reports
from app.core.words import Printed, Verdict
from tests.running import SITE, flat, soup_of

ON_ZEN_4 = "/?view=cpu&family=zen-4&only=wrong"
ON_ALL = "view=cpu&family=excavator,zen-1,zen-2,zen-3,zen-4,zen-5,hygon-18h,not-stated"


@pytest.fixture(scope="module")
def views(knowledge):
    return view_cells(knowledge)


def wrong_on(family, views):
    """Return the cells that are wrong in print, or were seen to be against the manual."""
    return {
        str(key) for key, view in views.items()
        if view.printed is Printed.WRONG
        or any(f.verdict in AGAINST for f in view.judgements[family].findings)
    }  # fmt: skip


def test_where_the_manual_is_wrong_on_a_cpu_is_one_link_from_the_table(site, views):
    family, href = "zen-4", ON_ZEN_4
    rows = site.get(f"/index.json{href[1:]}").json()["cells"]
    shown = soup_of(site, href).select("table.cpus a.open")

    assert href in {a["href"] for a in soup_of(site, "/").select(".by-cpu a")}
    assert f"{SITE}{href}" in site.get("/index.txt").text
    assert wrong_on(family, views) == {row["cell"] for row in rows}
    assert wrong_on(family, views) == {a["href"].removeprefix("/r/") for a in shown}
    judged = {str(key): str(view.judgements[family].verdict) for key, view in views.items()}
    assert {row["cell"]: row[family] for row in rows}.items() <= judged.items()


def test_one_curl_says_what_is_printed_what_rules_and_what_was_seen(site):
    text = site.get(f"/index.txt{ON_ZEN_4[1:]}").text

    assert f"{ON_ZEN_4}&at=" in text
    assert "\nLDR       ! trap       #GP              ^ #GP\n" in text
    assert "\nEFEAT     ! fault      #GP              .\n" in text


def test_a_family_of_which_nothing_is_known_has_a_column_only_if_asked_for(site, knowledge, views):
    silent = families_without_reports(knowledge, views)
    heads = site.get("/index.csv?view=cpu").text.partition("\n")[0].split(",")
    asked = soup_of(site, f"/?view=cpu&family={silent[0]}")

    assert not set(silent) & set(heads)
    named = ", ".join(knowledge.families[slug].name for slug in silent)
    assert f"Nothing yet for {named}: " in flat(site, "/index.txt?view=cpu")
    assert [f"/c/{silent[0]}"] == [a["href"] for a in asked.select("thead .who a")]


def test_a_cpu_without_x2avic_has_nothing_there_to_be_measured(site):
    rows = site.get("/index.json?view=cpu&family=zen-2").json()["cells"]
    seen = {row["cell"]: row["zen-2"] for row in rows}

    assert "" == seen["ldr/x2avic/write"]
    assert str(Verdict.UNMEASURED) == seen["ldr/avic/write"]


def test_many_cpus_fold_into_blocks_of_text(site, knowledge):
    text = site.get(f"/index.txt?{ON_ALL}&mode=avic&access=read").text
    heads = [line.split() for line in text.splitlines() if line.startswith("Register")]

    assert [*knowledge.families] == [s for head in heads for s in head if s in knowledge.families]
    assert len(heads) == 3


def test_a_column_for_each_cpu_narrows_nothing(site, knowledge):
    whole = site.get("/index.csv?view=cpu&family=zen-5").text

    assert len(knowledge.cells) == len(whole.splitlines()) - 1
