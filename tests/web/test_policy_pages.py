"""What hypervisors assume: its pages, the column of the table, the section of a cell."""

import csv
import io
from html import unescape

import pytest

from app.core.assumptions import Mark, MarkKind
from app.core.knowledge import Knowledge
from app.core.policy_rows import policy_table
from app.core.views import view_cells
from app.core.words import Evidence, Verdict
from app.curation.seed import body_of, fact_from
from app.pages import policy_phrases
from app.pages.kinds.policies import find_policies
from app.pages.policy_text import policies_sheet, policy_sheet
from app.pens.place import Place
from app.pens.plain import sheet_text
from app.store.seeding import load_seed
from app.store.snapshots import load_snapshot
from tests.conftest import SEEDED_AT
from tests.factories import make_observation
from tests.running import flat, soup_of, words

OLD = (
    "KVM mainline 6.0 to 7.1, 6.1.y up to 6.1.176, 6.12.y up to 6.12.117, 6.18.y up to 6.18.38, "
    "7.1.y up to 7.1.3"
)
NEW = "KVM 6.18.39 and later of 6.18.y, 7.1.4 and later of 7.1.y, 7.2 and later"


def test_each_family_behind_a_mark_has_its_own_grade(knowledge):
    graded = {"zen-5": Evidence.MEASURED, "zen-4": Evidence.OBSERVED, "not-stated": Evidence.STATED}
    seen = tuple(make_observation("gp", id=f, family=f, evidence=graded[f]) for f in graded)
    mark = Mark(MarkKind.UNSEEN_GP, (), seen, disputed=True)

    assert (
        f"measured on Zen 5, observed on Zen 4, stated, CPU not stated, {Verdict.DISPUTED.label}"
    ) == policy_phrases.mark_evidence(mark, knowledge)


def test_every_policy_is_listed_with_its_marks_and_its_neighbour(client, knowledge):
    soup = soup_of(client, "/policy")
    links = {a["href"] for a in soup.main.find_all("a")}

    assert {f"/policy/{slug}" for slug in knowledge.policies} <= links
    assert {"/policy/kvm-6.0..kvm-7.2", "/?policy=kvm-6.0,kvm-7.2"} <= links
    assert "differs #GP, no exit: 2 cells" in words(soup)


def test_a_hypervisor_without_a_policy_has_an_entry_that_says_what_was_read(client):
    soup, text = soup_of(client, "/policy"), flat(client, "/policy.txt")
    told = {a["slug"]: a["avic"] for a in client.get("/policy.json").json()["without_policy"]}

    assert {"bhyve": "none", "firecracker": "kvm", "hyper-v": "unknown", "virtualbox": "own",
            "cloud-hypervisor": "kvm", "xen": "none"} == told  # fmt: skip
    assert all(soup.find(id=f"note-{slug}") for slug in told)
    assert (
        "Xen has no AVIC AVIC none As of c447b7308b13 (20 August 2026), 4.22.0, 4.17.5 of Debian "
        "12 Rests on code read in part"
    ) in text
    assert "Inference: On KVM it takes the split irqchip" in text
    assert "/policy#note-xen" in client.get("/policy/xen.txt").text


def test_an_older_data_version_with_one_remark_on_all_of_them_still_shows_it(knowledge):
    body = body_of(knowledge.annotations["xen"]) | {"hypervisors": ["Xen", "bhyve"]}
    old = fact_from("annotation", {k: v for k, v in body.items() if k not in ("avic", "version")})
    world = Knowledge({**knowledge.by_kind, "annotation": {"xen": old}})
    text = sheet_text(policies_sheet((), world), Place("http://a.test", "1", pinned=True))

    assert "AVIC" in text
    assert "As of" not in text


def test_a_policy_of_a_data_version_without_ranges_says_what_it_said(knowledge):
    body = body_of(knowledge.policies["kvm-7.2"]) | {"versions": "v7.2 and later"}
    old = fact_from("policy", {key: body[key] for key in body if key != "ranges"})
    world = Knowledge({**knowledge.by_kind, "policy": {"kvm-7.2": old}})
    table = policy_table((old,), world, view_cells(world))
    text = sheet_text(policy_sheet(table, world), Place("http://a.test", "1", pinned=True))

    assert text.startswith("KVM v7.2 and later: what it assumes")
    assert "Not known" not in text


def test_side_by_side_shows_first_what_differs_in_the_order_asked_for(client):
    text = client.get("/policy/kvm-7.2..kvm-6.0.txt").text
    body = client.get("/policy/kvm-7.2..kvm-6.0.json").json()
    rows = list(csv.DictReader(io.StringIO(client.get("/policy/kvm-7.2..kvm-6.0.csv").text)))
    differs = [row["differs"] for row in rows]

    assert text.startswith("KVM 7.2 and later against KVM mainline 6.0 to 7.1\n=")
    assert "80Dh      LDR          pass        intercept   pass        pass\n" in text
    assert text.index("treat differently") < text.index("80Dh ") < text.index("treat alike")
    assert text.index("treat alike") < text.index("830h      ICR")
    assert ["kvm-7.2", "kvm-6.0"] == [policy["slug"] for policy in body["policies"]]
    assert sorted(differs, reverse=True) == differs
    assert {"yes": 28, "no": 13} == {word: differs.count(word) for word in ("yes", "no")}


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("kvm-6.12", ("kvm-6.0 covers mainline 6.0 to 7.1 | kvm-6.0 covers 6.12.y up to 6.12.117"
                     " | nobody looked at 6.12.y after 6.12.117")),
        ("kvm-6.12.117", "kvm-6.0 covers 6.12.y up to 6.12.117"),
        ("kvm-6.18.40", "kvm-7.2 covers 6.18.39 and later of 6.18.y"),
        ("kvm-6.6", "kvm-6.0 covers mainline 6.0 to 7.1 | nobody looked at 6.6.y"),
        ("kvm-7.1", ("kvm-6.0 covers mainline 6.0 to 7.1 | kvm-6.0 covers 7.1.y up to 7.1.3"
                    " | kvm-7.2 covers 7.1.4 and later of 7.1.y")),
        ("6.12", "308 /policy/kvm-6.12"),
        ("KVM%206.12.0", "308 /policy/kvm-6.12"),
        ("linux-6.12.30-1-amd64", "308 /policy/kvm-6.12.30"),
        ("v7.2", "308 /policy/kvm-7.2"),
        ("6.12.y", "308 /policy/kvm-6.12"),
        ("6.12.99999", "404 There is no policy '6.12.99999'."),
        ("6.0..7.2.3", "308 /policy/kvm-6.0..kvm-7.2"),
        ("6.0..7.2", "308 /policy/kvm-6.0..kvm-7.2"),
        ("kvm-6.12..v7.3", "308 /policy/kvm-6.0..kvm-7.2"),
        ("kvm-7.2..6.12.117", "308 /policy/kvm-7.2..kvm-6.0"),
        ("6.6.20..7.2", "404 There is no policy 'kvm-6.6.20': nobody looked at 6.6.y."),
        ("7.1..7.2", "404 There is no policy 'kvm-7.1': kvm-6.0 and kvm-7.2 cover it."),
        ("6.6.20", "404 There is no policy 'kvm-6.6.20': nobody looked at 6.6.y."),
        ("5.10", "404 There is no policy 'kvm-5.10': no policy on record reaches back to 5.10."),
        ("kvm-6.17.0-5-generic", ("404 There is no policy 'kvm-6.17': what was added behind 6.17 is"
                                 " not stated.")),
        ("xen-4.22", "404 There is no policy 'xen-4.22'."),
    ],
)  # fmt: skip
def test_a_release_leads_to_the_policy_that_covers_it(client, asked, answer):
    got = client.get(f"/policy/{asked}", follow_redirects=False)
    if got.status_code == 308:
        assert answer == f"308 {got.headers['location']}"
        return
    if got.status_code == 404:
        assert answer.removeprefix("404 ") in unescape(got.text)
        return
    body = client.get(f"/policy/{asked}.json").json()
    told = [f"{one['policy']} covers {one['releases']}" for one in body["covered"]]
    told += [body["not_known"]] if body["not_known"] else []
    links = {a["href"] for a in soup_of(client, f"/policy/{asked}").main.find_all("a")}

    assert answer.split(" | ") == told
    assert {f"/policy/{one['policy']}" for one in body["covered"]} <= links
    assert all(line.lower() in flat(client, f"/policy/{asked}.txt").lower() for line in told)


def test_the_column_adds_and_narrows_nothing(client):
    plain = soup_of(client, "/?mode=x2avic&q=register")
    beside = soup_of(client, "/?mode=x2avic&policy=kvm-6.0,kvm-7.2&q=register")
    heads = [words(th) for th in beside.select("table.main thead th")]
    old, new = (words(td) for td in beside.select("tr#ldr td.policy"))

    assert len(plain.select("a.open")) == len(beside.select("a.open"))
    assert [] == plain.select("td.policy")
    assert [OLD, NEW] == heads[-2:]
    assert (
        "RDMSR pass WRMSR pass 402h: trap x2AVIC write differs: #GP, no exit observed on Zen 4; D-1"
        == old
    )
    assert "RDMSR pass WRMSR intercept 402h: trap" == new
    assert words(beside.select_one("tr#isr td.policy")).startswith(
        "RDMSR, WRMSR 810h pass 811h-817h intercept 402h: fault"
    )
    assert f"with the policy of {OLD} and of {NEW}" in words(beside)
    assert {"kvm-6.0", "kvm-7.2"} == {
        box["value"] for box in beside.select("input[name=policy]") if box.has_attr("checked")
    }


def test_the_column_follows_the_other_filters(client):
    reads = soup_of(client, "/?mode=x2avic&access=read&policy=kvm-6.0&q=ldr")
    mmio = soup_of(client, "/?mode=avic&policy=kvm-6.0&q=ldr")

    assert "RDMSR pass 402h: trap" == words(reads.select_one("tr#ldr td.policy"))
    assert "402h: trap" == words(mmio.select_one("tr#ldr td.policy"))


def test_every_format_has_what_the_column_says(client):
    query = "mode=x2avic&access=write&policy=kvm-6.0&q=ldr"
    text = client.get(f"/index.txt?{query}").text
    (row,) = [r for r in csv.DictReader(io.StringIO(client.get(f"/index.csv?{query}").text))
              if r["cell"] == "ldr/x2avic/write"]  # fmt: skip
    twin = client.get(f"/index.json?{query}").json()
    api = client.get(f"/api/v1/cells?{query}").json()
    (cell,) = [c for c in twin["cells"] if c["register"] == "ldr"]

    assert "kvm-6.0 pass; 402h: trap\n" in text
    assert "kvm-6.0 differs: #GP, no exit (observed on Zen 4; D-1)\n" in text
    assert ("pass", "trap", "unseen-gp:observed") == (
        row["kvm-6.0"],
        row["kvm-6.0_402h"],
        row["kvm-6.0_marks"],
    )
    assert "kvm-6.0_marks" in client.get(f"/index.md?{query}").text
    assert twin["cells"] == api["cells"]
    assert ["kvm-6.0"] == list(cell["assumed"])
    assert ["zen4-ro-writes-gp"] == cell["assumed"]["kvm-6.0"]["marks"][0]["observations"]
    assert "kvm-6.0" not in client.get("/index.csv").text.splitlines()[0]


def test_a_pinned_policy_stays_as_it_was(reader, writer, seed_copy):
    def text(at=""):
        with reader() as session:
            snapshot = load_snapshot(session, at)
        place = Place("http://a.test", snapshot.name, pinned=bool(at))
        view = find_policies(snapshot, "kvm-6.0..kvm-7.2")
        return snapshot.name, sheet_text(policy_sheet(view, snapshot.knowledge), place)

    version, _ = text()
    _, pinned = text(version)
    seed_copy.edit("policies/kvm-7.2.yaml", "trap_offsets:\n  - 020h\n", "trap_offsets:\n")
    text_of = (seed_copy.folder / "policies/kvm-7.2.yaml").read_text()
    for line in (line for line in text_of.splitlines(keepends=True) if "{offset: 020h" in line):
        seed_copy.edit("policies/kvm-7.2.yaml", line, "")
    with writer.begin() as session:
        load_seed(session, seed_copy.folder, SEEDED_AT)

    assert pinned == text(version)[1]
    assert "http://a.test/policy/kvm-6.0..kvm-7.2\n" not in pinned
    assert "020h ID (kvm-6.0).\n" in text()[1]
    assert "020h ID (kvm-6.0)" not in pinned


def test_the_documentation_defines_every_kind_of_mark(client):
    text = flat(client, "/docs/policy.txt")

    for kind in MarkKind:
        assert f'`{kind}`: {kind.weight}, "{kind.label}". {kind.meaning}' in text


@pytest.mark.parametrize("asked", ["6.18.39", "6.12.y", "7.1.4"])
def test_a_release_and_an_unknown_branch_lead_to_the_policy(client, asked):
    found = client.get(f"/search.txt?q={asked}").text

    assert "/policy/kvm-" in found
