"""What hypervisors assume: its pages, the column of the table, the section of a cell."""

import csv
import io

import pytest

from app.core.assumptions import MarkKind
from app.core.knowledge import Knowledge
from app.core.policy_rows import policy_table
from app.core.views import view_cells
from app.curation.seed import body_of, fact_from
from app.pages import policies, policy_text
from app.pens.place import Place
from app.store.seeding import load_seed
from app.store.snapshots import load_snapshot
from tests.conftest import SEEDED_AT
from tests.running import flat, soup_of, words

OLD = "KVM mainline 6.0 to 7.1, 6.18.y up to 6.18.38, 7.1.y up to 7.1.3"
NEW = "KVM 6.18.39 and later of 6.18.y, 7.1.4 and later of 7.1.y, 7.2 and later"
PAGES = ("/policy", "/policy/kvm-6.0", "/policy/kvm-7.2", "/policy/kvm-6.0..kvm-7.2")


def test_every_policy_is_listed_with_its_marks_and_its_neighbour(client, knowledge):
    soup = soup_of(client, "/policy")
    links = {a["href"] for a in soup.main.find_all("a")}

    assert {f"/policy/{slug}" for slug in knowledge.policies} <= links
    assert {"/policy/kvm-6.0..kvm-7.2", "/?policy=kvm-6.0,kvm-7.2"} <= links
    assert "differs #GP, no exit: 2 cells" in words(soup)


def test_a_policy_says_all_that_it_is_made_of(client, knowledge):
    policy = knowledge.policies["kvm-7.2"]
    told = flat(client, "/policy/kvm-7.2.txt")
    soup = soup_of(client, "/policy/kvm-7.2")
    links = {a["href"] for a in soup.main.find_all("a")}

    for part in (
        policy.text,
        f"Inference: {policy.inference}",
        "RDMSR of 40 MSRs, of 1 more on a condition; WRMSR of 4",
        "icr/x2avic/write (D-7) CPU not stated: #GP, no #VMEXIT, when bit 12",
        "unlisted/x2avic/read 82Fh (D-10) The manual: #GP, no #VMEXIT",
        "80Dh LDR pass intercept",
        "020h ID, 0B0h EOI",
        'commit 8ba621f335a5 ("',
        "mail-2026-05-14-v3",
    ):
        assert " ".join(part.split()) in told
    assert {f"/docs/sources#{name}" for name in policy.sources} <= links
    assert "/policy/kvm-6.0..kvm-7.2" in links


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_of_which_branches_the_policy_is_not_known(client, path):
    told = "6.1.y, 6.6.y, 6.12.y, and every stable branch from 6.0.y to 7.1.y that is not named"
    soup, body = soup_of(client, path), client.get(f"{path}.json").json()
    text = flat(client, f"{path}.txt")

    assert f"Not known KVM, {told}: nobody looked" in words(soup.main)
    assert f"Not known --------- KVM, {told}: nobody looked" in text
    assert told in body["not_known"][0]
    assert {f"KVM {p['versions']}" for p in body["policies"]} <= {OLD, NEW}
    assert all(p["ranges"] for p in body["policies"])


def test_each_range_of_releases_has_its_sources_and_what_is_inferred(client, knowledge):
    for policy in knowledge.policies.values():
        soup = soup_of(client, f"/policy/{policy.slug}")
        text = flat(client, f"/policy/{policy.slug}.txt")
        links = {a["href"] for a in soup.main.find_all("a")}
        for range_ in policy.ranges:
            assert f"{range_.words} [{', '.join(range_.sources)}]" in text
            assert {f"/docs/sources#{name}" for name in range_.sources} <= links
            for told in (range_.words, range_.inference, range_.candidate):
                assert told in text
                assert told in words(soup.main)


def test_a_policy_of_a_data_version_without_ranges_says_what_it_said(knowledge):
    body = body_of("policy", knowledge.policies["kvm-7.2"]) | {"versions": "v7.2 and later"}
    old = fact_from("policy", {key: body[key] for key in body if key != "ranges"})
    world = Knowledge({**knowledge.by_kind, "policy": {"kvm-7.2": old}})
    table = policy_table((old,), world, view_cells(world))
    text = policy_text.policy_text(table, world, Place("http://a.test", "1", pinned=True))

    assert text.startswith("KVM v7.2 and later: what it assumes")
    assert "Not known" not in text


def test_side_by_side_shows_first_what_differs_in_the_order_asked_for(client):
    text = client.get("/policy/kvm-7.2..kvm-6.0.txt").text
    body = client.get("/policy/kvm-7.2..kvm-6.0.json").json()
    rows = list(csv.DictReader(io.StringIO(client.get("/policy/kvm-7.2..kvm-6.0.csv").text)))
    differs = [row["differs"] for row in rows]

    assert " ".join(text.split()).startswith(f"{NEW} against {OLD} =")
    assert "80Dh      LDR          pass        intercept   pass        pass\n" in text
    assert text.index("treat differently") < text.index("80Dh ") < text.index("treat alike")
    assert text.index("treat alike") < text.index("830h      ICR")
    assert ["kvm-7.2", "kvm-6.0"] == [policy["slug"] for policy in body["policies"]]
    assert sorted(differs, reverse=True) == differs
    assert {"yes": 28, "no": 13} == {word: differs.count(word) for word in ("yes", "no")}


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


def test_a_cell_shows_marks_with_their_sources_and_links_each_policy(client):
    section = soup_of(client, "/r/ldr/x2avic/write").find(id="policies").parent
    links = {a["href"] for a in section.find_all("a")}
    text = client.get("/r/ldr/x2avic/write.txt").text
    mmio = client.get("/r/ext-lvt/avic/write.txt").text
    body = client.get("/r/ldr/x2avic/write.json").json()

    assert {
        "/policy/kvm-6.0",
        "/policy/kvm-7.2",
        "/d/1",
        "/docs/policy",
        "/docs/sources#mail-2026-05-06-v2",
    } <= links
    assert "differs: #GP, no exit" in words(section)
    assert "differs: #GP, no exit (observed on Zen 4; D-1)" in text
    assert "/policy/kvm-6.0\n" in text
    assert "an exit 402h here is taken for a fault" in mmio
    assert "differs: 402h of the other kind when EDX27=1" in mmio
    assert ["kvm-6.0", "kvm-7.2"] == list(body["assumed"])
    assert "What hypervisors do" not in client.get("/r/self-ipi/avic/write.txt").text


def test_a_pinned_policy_stays_as_it_was(reader, writer, seed_copy):
    def text(at=""):
        with reader() as session:
            snapshot = load_snapshot(session, at)
        place = Place("http://a.test", snapshot.name, pinned=bool(at))
        view = policies.policy_view(snapshot, "kvm-6.0..kvm-7.2")
        return snapshot.name, policy_text.policy_text(view, snapshot.knowledge, place)

    version, _ = text()
    _, pinned = text(version)
    seed_copy.edit("policies/kvm-7.2.yaml", "trap_offsets:\n  - 020h\n", "trap_offsets:\n")
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


def test_the_documentation_says_which_kernel_has_which_from_the_same_ranges(client):
    text = flat(client, "/docs/policy.txt")

    assert f"`kvm-6.0`: {OLD}." in text
    assert f"`kvm-7.2`: {NEW}." in text
    assert "`not known`: KVM, 6.1.y, 6.6.y, 6.12.y" in text


@pytest.mark.parametrize("asked", ["6.18.39", "6.12.y", "7.1.4"])
def test_a_release_and_an_unknown_branch_lead_to_the_policy(client, asked):
    found = client.get(f"/search.txt?q={asked}").text

    assert "/policy/kvm-" in found
