"""The seed's files: what is refused, and that nothing is lost on the way."""

import json

import pytest

from app.core.facts import Condition
from app.curation.seed import FOLDERS, body_of, check_seed, fact_from, read_seed, spell
from app.errors import InvalidSeed
from app.settings import ROOT

EDGE = "- slug: edge\n  text: edge-triggered\n  tag: edge\n  axis: trigger\n"
LEVEL = EDGE.replace("edge", "level")
CLAIM = """\
slug: ppr
order: 5
name: Processor Priority Register
abbreviation: PPR
access: RO
claims:
  - modes: [avic, x2avic]
    access: read
    kind: table
    behaviour: exploded
    source: apm
    page: "566"
"""
BEHAVIOURS = (
    "'allowed', 'accelerated', 'vmexit-trap', 'vmexit-fault', 'vmexit-ipi', 'vmexit-msr', "
    "'vmexit-npf', 'gp', 'pf', 'ignored', 'completed', 'absent' or 'undefined'"
)

# What is wrong, the file and its text, and the one line that says so.
REFUSED = {
    "an unknown key": (
        "conditions.yaml",
        EDGE + "  colour: red\n",
        "conditions.yaml:5: colour: found an unknown key, expected a key of the format",
    ),
    "a missing key": (
        "conditions.yaml",
        LEVEL + EDGE.replace("  axis: trigger\n", ""),
        "conditions.yaml:5: axis: found nothing, expected a value: this key is required",
    ),
    "an unknown key deep inside": (
        "registers/05-ppr.yaml",
        CLAIM.replace("exploded", "allowed") + "    pages: 567\n",
        (
            "registers/05-ppr.yaml:13: claims[0].pages: found an unknown key, "
            "expected a key of the format"
        ),
    ),
    "a word outside the vocabulary": (
        "registers/05-ppr.yaml",
        CLAIM,
        f"registers/05-ppr.yaml:10: claims[0].behaviour: found 'exploded', expected {BEHAVIOURS}",
    ),
    "a number that is none": (
        "registers/05-ppr.yaml",
        CLAIM.replace("order: 5", "order: five").replace("exploded", "allowed"),
        "registers/05-ppr.yaml:2: order: found 'five', expected a valid integer",
    ),
    "a key given twice": (
        "conditions.yaml",
        EDGE + "  tag: other\n",
        "conditions.yaml:5: tag: found the key twice, expected once",
    ),
    "an entry given twice": (
        "conditions.yaml",
        EDGE + EDGE,
        (
            "conditions.yaml:5: found 'edge' again (first in conditions.yaml:1), "
            "expected a key of its own"
        ),
    ),
    "a value cut off at a hash": (
        "conditions.yaml",
        EDGE.replace("edge-triggered", "raises #GP(0) in the guest"),
        (
            "conditions.yaml:2: found '#GP(0) in the guest' behind a value, a comment to YAML, "
            "expected quotes"
        ),
    ),
    "a value that is nothing but a hash": (
        "conditions.yaml",
        EDGE.replace("edge-triggered", "#VMEXIT"),
        "conditions.yaml:2: found '#VMEXIT' behind a value, a comment to YAML, expected quotes",
    ),
    "no YAML": (
        "conditions.yaml",
        EDGE + "- slug: [level\n",
        "conditions.yaml:6: found expected ',' or ']', but got '<stream end>', expected YAML",
    ),
    "a file of no kind": (
        "thoughts.yaml",
        EDGE,
        f"thoughts.yaml: found a file of no kind, expected {' or '.join(FOLDERS)}",
    ),
}


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def problems_of(folder):
    with pytest.raises(InvalidSeed) as refused:
        read_seed(folder)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(("file", "text", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_fault_is_refused_by_file_line_and_place(file, text, expected, tmp_path):
    assert [expected] == problems_of(write(tmp_path, {file: text}))


def test_an_address_that_cannot_be_read_is_refused_by_file_and_text(tmp_path):
    text = CLAIM.replace("order: 5", "order: 5\noffsets: [0G0h]").replace("exploded", "allowed")
    (problem,) = problems_of(write(tmp_path, {"registers/05-ppr.yaml": text}))
    assert problem.startswith("registers/05-ppr.yaml:")
    assert problem.endswith("'0G0h' is not a hexadecimal number such as 300h or 0x300")


def test_a_file_that_is_not_utf_8_is_refused_by_name(tmp_path):
    (tmp_path / "conditions.yaml").write_bytes(EDGE.encode() + b"  within: \xff\n")
    (problem,) = problems_of(tmp_path)
    assert problem.startswith("conditions.yaml: found 'utf-8' codec can't decode byte 0xff")


@pytest.mark.parametrize("name", ["", "missing"], ids=["empty", "missing"])
def test_a_folder_without_a_seed_is_refused(name, tmp_path):
    folder = tmp_path / name
    expected = f"{folder}: found no seed files, expected YAML files such as registers/"
    assert [expected] == problems_of(folder)


def test_all_problems_of_all_files_are_told_at_once(tmp_path):
    write(tmp_path, {
        "conditions.yaml": EDGE.replace("slug", "slugg") + LEVEL + "  colour: red\n",
        "groups.yaml": "- [",
        "notes/one.yaml": "",
        "registers/05-ppr.yaml": CLAIM.replace("order: 5\n", "").replace('"566"', "#1"),
    })  # fmt: skip
    told = [problem.split(" found ")[0] for problem in problems_of(tmp_path)]
    assert [
        "conditions.yaml:1: slug:",
        "conditions.yaml:1: slugg:",
        "conditions.yaml:9: colour:",
        "groups.yaml:1:",
        "notes/one.yaml:",
        "registers/05-ppr.yaml:1: order:",
        "registers/05-ppr.yaml:9: claims[0].behaviour:",
        "registers/05-ppr.yaml:11:",
    ] == sorted(told, key=lambda where: (where.split(":")[0], int(where.split(":")[1] or 0)))


def test_an_entry_given_twice_is_found_across_files(tmp_path):
    text = CLAIM.replace("exploded", "allowed")
    write(tmp_path, {"registers/05-ppr.yaml": text, "registers/06-ppr.yaml": text})
    (problem,) = problems_of(tmp_path)
    again = "found 'ppr' again (first in registers/05-ppr.yaml:1), expected a key of its own"
    assert f"registers/06-ppr.yaml:1: {again}" == problem


@pytest.mark.parametrize("guess", ["no", "on", "012", "1e3", "2026-11-22", "~", "null", "0x10"])
def test_what_yaml_would_guess_at_stays_text(guess, tmp_path):
    write(tmp_path, {"conditions.yaml": EDGE.replace("edge-triggered", guess)})
    (entry,) = read_seed(tmp_path)
    assert Condition(slug="edge", text=guess, tag="edge", axis="trigger") == entry.fact


def test_a_hash_in_quotes_or_on_a_line_of_its_own_is_fine(tmp_path):
    text = "# Conditions.\n" + EDGE.replace("edge-triggered", '"raises #GP"') + "  # Done.\n"
    (entry,) = read_seed(write(tmp_path, {"conditions.yaml": text}))
    assert ("raises #GP", 2) == (entry.fact.text, entry.lines[()])


def test_a_file_holds_one_entry_or_a_list_of_them(tmp_path):
    alone = CLAIM.replace("exploded", "allowed")
    listed = "- " + alone.replace("\n", "\n  ").rstrip() + "\n"
    one = read_seed(write(tmp_path / "one", {"registers/ppr.yaml": alone}))
    many = read_seed(write(tmp_path / "many", {"registers.yaml": listed}))
    assert [entry.fact for entry in one] == [entry.fact for entry in many]


def test_the_linter_does_not_run_on_files_that_cannot_be_read(tmp_path):
    write(tmp_path, {"conditions.yaml": EDGE + "  within: nowhere\n  colour: red\n"})
    with pytest.raises(InvalidSeed) as refused:
        check_seed(tmp_path)
    assert ["colour"] == [problem.place for problem in refused.value.problems]


def test_every_fact_of_the_seed_survives_the_way_through_json(knowledge):
    changed = [
        (kind, key)
        for kind, entries in knowledge.by_kind.items()
        for key, fact in entries.items()
        if fact != fact_from(kind, json.loads(json.dumps(body_of(fact))))
    ]
    assert [] == changed


def test_what_a_fact_leaves_at_its_default_is_not_written():
    # A key that a later format adds must not change the digest of every old fact.
    body = {"slug": "edge", "text": "edge-triggered", "tag": "edge", "axis": "trigger"}
    assert body == body_of(Condition(**body, within=""))


def test_every_folder_of_the_seed_holds_facts_of_its_kind(knowledge):
    names = {path.name.split(".")[0] for path in (ROOT / "seed").iterdir() if path.suffix != ".md"}
    # What people call things is no fact, and documents are no YAML.
    names -= {"aliases", "measurements"}
    empty = {name for name in names if not knowledge.by_kind[FOLDERS[name]]}
    assert names <= FOLDERS.keys()
    # The keys of submitters begin as an empty list.
    assert empty <= {"keys"}


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        ((), ""),
        (("page",), "page"),
        (("claims", 2, "page"), "claims[2].page"),
        (("modes", 0), "modes[0]"),
    ],
)
def test_a_place_is_spelled_as_in_code(path, spelled):
    assert spelled == spell(path)
