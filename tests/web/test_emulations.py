"""What emulations answered has pages of its own, and is in no count of silicon."""

import csv
import re
import shutil

import pytest

from app.core.emulator_words import Emulator, Following
from app.core.words import Behaviour, Verdict
from app.errors import InvalidSeed
from app.export.handout.expecting import handout_of
from app.intake.kept import check_kept, load_kept
from app.pages import registry
from app.pens.place import NOWHERE
from app.search.naming import find_named
from app.search.search_entries import entries
from app.store.engine import reader_sessions, writer_sessions
from app.store.seeding import load_seed
from app.store.snapshots import load_snapshot, next_snapshot
from tests.conftest import SEED, SEEDED_AT, SeedCopy, client_of, engine_of
from tests.intake.bad import BAD
from tests.intake.bad.table import EMULATED, changed, written
from tests.intake.good import BY_QEMU

SLUGS = ("kvm-6.12.0-amd", "qemu-10.0.2-amd")
# Another packager's build of the same release, whose sender calls its module otherwise.
REBUILT = {"/emulation/version": "6.12.0-other", "/emulation/flavour": "amd"}
DOCUMENTS = {
    "kvm": written(EMULATED),
    "qemu": written(changed(EMULATED, BY_QEMU)),
    "rebuilt": written(changed(EMULATED, REBUILT)),
}


@pytest.fixture(scope="module")
def unobserved(tmp_path_factory, databases):
    """Databases with a seed that observed nothing, without and with what emulations answered."""
    folder = tmp_path_factory.mktemp("emulations")
    seed = SeedCopy(shutil.copytree("seed", folder / "seed")).folder
    for name in ("observations", "differences", "measurements"):
        shutil.rmtree(seed / name, ignore_errors=True)
    (seed / "measurements").mkdir()
    (seed / "sources" / "emulations.yaml").unlink()
    for name, raw in DOCUMENTS.items():
        (seed / "measurements" / f"{name}.json").write_bytes(raw)
    urls = []
    for name in ("without", "with"):
        urls.append(databases.new("empty"))
        with engine_of(urls[-1]) as engine, writer_sessions(engine).begin() as session:
            load_seed(session, seed, SEEDED_AT)
            taken = load_kept(session, seed, SEEDED_AT) if name == "with" else 0
    assert len(DOCUMENTS) == taken
    return urls


@pytest.fixture(scope="module")
def both(unobserved):
    with client_of(unobserved[0]) as without, client_of(unobserved[1]) as with_:
        yield without, with_


SILICON = ("/index.json", "/index.csv", "/index.txt", "/corrected.json", "/corrected.txt",
           "/wanted.json", "/wanted.txt", "/c.json", "/c.txt", "/c/zen-4.txt", "/d.json",
           "/policy.txt", "/api/v1/cells", "/api/v1/families", "/r/tpr/x2avic/write.json",
           "/r/tpr.txt")  # fmt: skip


def test_every_cell_of_silicon_stays_unmeasured(both):
    cells = both[1].get("/api/v1/cells").json()["cells"]

    assert cells
    assert {"unmeasured"} == {cell["verdict"] for cell in cells}
    families = [each for cell in cells for each in cell["families"].values()]
    assert {("unmeasured", 0, 0)} == {(f["verdict"], f["reports"], f["masked"]) for f in families}


@pytest.mark.parametrize("path", SILICON)
def test_a_page_of_silicon_says_the_same_with_emulations_and_without(both, path):
    texts = [client.get(path).text for client in both]
    versions = [client.get("/index.json").json()["data_version"] for client in both]

    assert texts[0].replace(versions[0], "") == texts[1].replace(versions[1], "")


def test_the_list_and_the_page_of_a_measurement_say_that_an_emulation_answered(both):
    listed = both[1].get("/m.json").json()["measurements"]
    text = both[1].get("/m.txt").text

    assert set(SLUGS) == {each["answered"] for each in listed}
    assert "3 of 3 by emulations, no evidence about any processor" in " ".join(text.split())
    for each in listed:
        page = both[1].get(f"/m/{each['id']}.txt").text
        assert "no evidence about any processor" in " ".join(page.split())
        assert "Family" not in page
    assert [] == both[1].get("/m.json?answered=silicon").json().get("measurements", [])
    assert [200, 200] == [client.get("/m?family=zen-4").status_code for client in both]


def test_an_emulation_has_a_page_with_what_differs_from_the_manual(both):
    page = both[1].get(f"/e/{SLUGS[0]}.json").json()

    assert {"apr/x2avic/read": "stricter", "tpr/x2avic/write": "laxer"} == {
        answer["cell"]: answer["verdict"] for answer in page["answers"]
    }
    assert SLUGS == tuple(each["slug"] for each in both[1].get("/e.json").json()["emulations"])
    text = " ".join(both[1].get(f"/e/{SLUGS[0]}.txt").text.split())
    assert "reads back 0x20" in text
    assert "by the manual's own order: vmexit-fault, an exit and no fault in the guest" in text
    assert 404 == both[1].get("/e/kvm-1.0-amd").status_code
    assert "No measurement that counts is of" in both[1].get("/e/kvm-1.0-amd").text
    assert "Nobody has measured one yet." in both[0].get("/e.txt").text


def test_documents_of_one_name_are_told_apart_by_what_they_say_of_themselves(both):
    text = both[1].get(f"/e/{SLUGS[0]}.txt").text
    told = dict(re.split(" {2,}", line) for line in text.splitlines() if line.count("; ") == 1
                and line.startswith(("Version", "Flavour")))  # fmt: skip

    assert {"6.12.0+example", "6.12.0-other"} == {*told["Version"].split("; ")}
    assert {"kvm_amd", "amd"} == {*told["Flavour"].split("; ")}


def test_emulations_have_columns_of_their_own_beside_those_of_cpus(both):
    shown = both[1].get("/index.json?view=cpu&mode=x2avic").json()
    rows = {row["cell"]: row for row in shown["cells"]}
    text = both[1].get("/index.txt?view=cpu&mode=x2avic&access=read").text

    assert list(SLUGS) == shown["columns"]
    assert str(Following.STRICTER) == rows["apr/x2avic/read"][SLUGS[0]]
    assert "gp" == rows["apr/x2avic/read"][f"{SLUGS[0]}_seen"]
    assert str(Verdict.UNMEASURED) == rows["id/x2avic/read"][SLUGS[0]]
    assert f"{Following.STRICTER.mark} {Following.STRICTER.label}; no evidence about any" in text
    (seen,) = re.findall("^Seen .*(?:\n .*)*", text, re.MULTILINE) or [""]
    assert "KVM" not in seen
    assert "1 on KVM 6.12.0" in " ".join(text.split())
    assert [] == both[0].get("/index.json?view=cpu").json()["columns"]
    assert ["zen-4"] == both[1].get("/index.json?view=cpu&family=zen-4").json()["columns"]


def test_what_is_pinned_knows_no_later_emulation(both):
    first = both[0].get("/index.json").json()["data_version"]

    assert [] == both[1].get(f"/e.json?at={first}").json()["emulations"]


def test_versions_share_what_was_read_of_an_emulation_in_which_they_agree(unobserved):
    with engine_of(unobserved[1]) as engine, reader_sessions(engine)() as session:
        before = load_snapshot(session, f"{SEEDED_AT:%Y-%m-%d}.3")
        kvm, qemu = before.emulations.values()
        after = next_snapshot(session, before)
        again, same = after.emulations.values()
        past = load_snapshot(session, before.name, after)

        assert (f"{before.name[:-1]}4", True) == (after.name, same is qemu)
        assert [(1, 1), (2, 2)] == [(one.total, len(one.documents)) for one in (kvm, again)]
        assert [kvm, qemu] == [*past.emulations.values()]
        assert past.emulations[qemu.slug] is qemu


def test_what_comes_with_the_seed_is_taken_once(unobserved, tmp_path):
    folder = tmp_path / "measurements"
    folder.mkdir()
    (folder / "kvm.json").write_bytes(DOCUMENTS["kvm"])
    with engine_of(unobserved[1]) as engine, writer_sessions(engine).begin() as session:
        assert 0 == load_kept(session, tmp_path, SEEDED_AT)


def test_what_a_version_did_and_what_a_search_finds_say_that_it_is_of_an_emulation(both, kept):
    changes = " ".join(both[1].get("/changes.txt").text.split())
    (meant,) = find_named("E-1", kept.knowledge)
    (found,) = (e for e in entries(kept.knowledge, kept.cells) if e.key == meant.key)

    assert 3 == changes.count("of an emulation added")
    assert 3 == both[1].get("/changes.atom").text.count("of an emulation added; source m-")
    assert ("difference", "/e/e-1") == (meant.kind, found.path)


def test_a_source_of_the_seed_that_names_no_measurement_is_refused(seed_copy, knowledge):
    shutil.rmtree(seed_copy.folder / "measurements")

    with pytest.raises(InvalidSeed) as error:
        check_kept(seed_copy.folder, knowledge, SEEDED_AT)
    assert {"no such document"} == {each.found for each in error.value.problems}


def test_a_document_of_the_seed_is_checked_as_any_other(seed_copy, knowledge):
    (seed_copy.folder / "measurements" / "kvm.json").write_bytes(BAD[0].raw)

    with pytest.raises(InvalidSeed) as error:
        check_kept(seed_copy.folder, knowledge, SEEDED_AT)
    assert {"measurements/kvm.json"} == {each.file for each in error.value.problems}


def test_the_documentation_names_each_emulator_and_verdict(both):
    texts = [both[0].get(f"/docs/{page}.txt").text for page in ("format", "verdicts")]

    for words, text in zip((Emulator, Following), texts, strict=True):
        assert [] == [word for word in words if f"`{word}`" not in text]


def test_a_document_that_is_checked_is_told_to_be_of_an_emulation(both):
    answer = both[1].post("/upload", data={"text": DOCUMENTS["kvm"].decode()}).text

    assert "of an emulation, KVM 6.12.0 (kvm_amd, guest AuthenticAMD)" in answer


@pytest.fixture(scope="module")
def kept(shared_url):
    """The whole seed, with the measurements that come with it."""
    with engine_of(shared_url) as engine:
        with writer_sessions(engine).begin() as session:
            load_kept(session, SEED, SEEDED_AT)
        with reader_sessions(engine)() as session:
            yield load_snapshot(session)


def test_the_seed_keeps_what_at_least_four_emulations_answered(kept):
    documents = [m for apic in kept.emulations.values() for m in apic.documents]

    assert 4 <= len(kept.emulations)
    assert {Emulator.KVM, Emulator.QEMU} <= {a.emulation.name for a in kept.emulations.values()}
    assert 1000 <= sum(len(m.observations) for m in documents)
    assert {False} == {m.exits_watched for m in documents}
    assert all(m.command.startswith("make measure-emulations") and m.notes for m in documents)


def test_a_bit_with_a_word_of_its_own_is_expected_whichever_vector_was_beside_it(kept):
    rows = handout_of(kept, NOWHERE, "kvm-7.2").rows
    single = {row.check.why: row.expected.outcome for row in rows}

    assert {Behaviour.COMPLETED} == {single["busy"], single["bit18"]}


def test_each_difference_of_an_emulation_is_seen_in_each_measurement_that_it_cites(kept):
    assert kept.knowledge.departures
    for slug, entry in kept.knowledge.departures.items():
        page = registry.find_page(kept, f"/e/{slug}")
        seen = {one["emulation"] for one in page.data(NOWHERE)["seen_in"]}
        cited = {kept.knowledge.sources[s] for e in entry.life for s in e.sources}

        assert cited, slug
        assert {source.id.removeprefix("measured-") for source in cited} <= seen, slug
        for source in cited:
            (document,) = kept.emulations[source.id.removeprefix("measured-")].documents
            assert f"Measurement {document.slug};" in source.note


def test_what_differs_from_the_manual_is_filed_under_a_number(kept):
    conditions = kept.knowledge.conditions
    filed = {
        (entry.emulator, key)
        for entry in kept.knowledge.departures.values()
        for key in kept.knowledge.cells_named(entry.cells)
    }
    unfiled = {
        (apic.slug, str(key))
        for apic in kept.emulations.values()
        for key, cell in kept.cells.items()
        for answer in apic.answers(cell, conditions)
        if answer.following.differs and (apic.emulation.name, key) not in filed
    }

    assert set() == unfiled


def test_an_entry_about_an_emulation_is_none_of_the_ledger_of_silicon(kept):
    known = kept.knowledge

    assert {"d", "e"} == {d.label[0].lower() for d in known.by_kind["difference"].values()}
    assert all(slug.isdigit() for slug in known.differences)
    assert not any(d.emulator for cell in kept.cells.values() for d in cell.differences)


def test_the_grade_of_an_emulation_is_no_word_of_silicon_s(both):
    head, *rows = csv.reader(both[1].get("/index.csv?view=cpu").text.splitlines())
    for slug in SLUGS:
        verdict, grade = head.index(slug), head.index(f"{slug}_grade")
        given = {(bool(row[grade]), row[grade] or row[verdict]) for row in rows}
        assert {(True, "emulated"), (False, str(Verdict.UNMEASURED))} == given
