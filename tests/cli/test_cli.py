"""The command line, run as its users do."""

import json
import os
import re
import subprocess
import sys

import pytest

from app import __version__
from app.cli.main import app as commands
from app.core.cells import cells_of
from app.settings import ROOT

ALL = {
    "serve",
    "migrate",
    "seed",
    "lint",
    "show",
    "corrected",
    "coverage",
    "export",
    "rebuild",
    "version",
}
REGISTERED = {c.name or c.callback.__name__ for c in commands.registered_commands}
GROUPS = {group.name for group in commands.registered_groups}
ADDRESS = "http://127.0.0.1:8000"
READING = [("show",), ("show", "ldr"), ("corrected",), ("coverage",), ("export",)]
WRITING = [("seed",), ("rebuild",)]


@pytest.fixture
def bare(vapic, tmp_path, monkeypatch):
    """The command line over a database that does not exist yet."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/bare.db")
    return vapic


def test_the_help_names_every_command_with_a_sentence(vapic):
    ran = vapic("--help")
    listed = dict(re.findall(r"(?m)^  ([\w-]+) +(\S.*)$", ran.out.split("Commands:")[1]))
    assert (0, "") == (ran.code, ran.err)
    assert ALL <= set(listed) == REGISTERED | GROUPS
    assert [] == [text for text in listed.values() if not re.match(r"[A-Z].*\.$", text)]


@pytest.mark.parametrize("command", sorted(REGISTERED))
def test_every_command_explains_itself_and_its_options(command, vapic):
    ran = vapic(command, "--help")
    options = re.findall(r"(?m)^  (--[\w-]+|\[?\w+\]?)(?: <.*?>)?  +(.*)$", ran.out)
    assert (0, "") == (ran.code, ran.err)
    assert re.match(rf"Usage: .*vapic {command} ", ran.out)
    assert "--help" in dict(options)
    assert [] == [name for name, text in options if not text]


def test_no_command_at_all_shows_the_help(vapic):
    assert vapic("--help").out.strip() == (vapic().out + vapic().err).strip()


@pytest.mark.parametrize("name", ["ICRL", "apic_icr", "0x300", "830h"])
def test_any_name_shows_the_register(name, seeded):
    assert seeded("show", "icr") == seeded("show", name)


@pytest.mark.parametrize("name", ["APIC_ISR", "isr#3", "813h"])
def test_any_member_shows_its_vector_register(name, seeded):
    assert seeded("show", "isr") == seeded("show", name)


@pytest.mark.parametrize(
    ("args", "path"),
    [
        (("show",), "/index.txt"),
        (("show", "ldr"), "/r/ldr.txt"),
        (("show", "ldr", "--mode", "avic", "--access", "read"), "/r/ldr/avic/read.txt"),
        (("show", "--mode", "x2avic"), "/index.txt?mode=x2avic"),
        (
            ("show", "--filter", "mode=x2avic&verdict=explained"),
            "/index.txt?mode=x2avic&verdict=explained",
        ),
        (("corrected",), "/corrected.txt"),
        (("coverage",), "/c.txt"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_a_command_prints_what_the_text_page_says(args, path, seeded, client):
    ran = seeded(*args)
    assert (0, "") == (ran.code, ran.err)
    assert client.get(path).text == ran.out


@pytest.mark.parametrize("args", [*READING[:-1], ("show", "icr", "--mode", "x2avic")])
def test_what_is_printed_fits_a_terminal_of_75_columns(args, seeded):
    out = seeded(*args).out
    assert out.isascii()
    assert [] == [line for line in out.splitlines() if len(line) > 75]


@pytest.mark.parametrize(
    ("options", "cells"),
    [
        (("--mode", "avic"), ["avic/read", "avic/write"]),
        (("--access", "write"), ["avic/write", "x2avic/write"]),
        (("--mode", "x2avic", "--access", "read"), ["x2avic/read"]),
        ((), [str(key).removeprefix("ldr/") for key in cells_of("ldr")]),
    ],
)
def test_mode_and_access_leave_the_cells_that_they_name(options, cells, seeded):
    out = seeded("show", "ldr", *options).out
    assert cells == re.findall(rf"(?m)^URL +{ADDRESS}/r/ldr/(\S+)$", out)


@pytest.mark.parametrize("options", [(), ("--mode", "x2avic", "--access", "write")])
def test_a_family_leaves_the_evidence_of_that_family(options, seeded, knowledge):
    names = "|".join(re.escape(family.name) for family in knowledge.families.values())
    judged = [
        set(re.findall(rf"(?m)^({names}) *[a-z-]+: ", seeded("show", "icr", *options, *family).out))
        for family in ((), ("--family", "zen-4"))
    ]
    assert [{"Zen 4", knowledge.families["not-stated"].name}, {"Zen 4"}] == judged


@pytest.mark.parametrize(
    ("options", "filter_"),
    [
        (("--mode", "avic"), "mode=avic"),
        (("--mode", "x2avic", "--access", "write"), "mode=x2avic&access=write"),
        (("--family", "zen-4"), "family=zen-4"),
        (("--family", "zen-4", "--filter", "verdict=explained"), "verdict=explained&family=zen-4"),
    ],
)
def test_options_are_the_words_of_the_filter(options, filter_, seeded):
    assert seeded("show", "--filter", filter_) == seeded("show", *options)


@pytest.mark.parametrize(
    ("args", "message", "near"),
    [
        (("show", "lvt-tmer"), "No register is called 'lvt-tmer'.", "lvt-timer"),
        (("show", "305h"), "305h lies inside the slot of 300h.", "icr"),
        (("show", "FFFFh"), "'FFFFh' is neither an xAPIC offset", "300h"),
        (("show", "ldr", "--family", "zen-44"), "There is no family 'zen-44'.", "zen-4"),
        (("show", "--family", "zen-44"), "'zen-44' is not a value of 'family'", "zen-4"),
        (("show", "--filter", "verdict=explaned"), "'explaned' is not a value", "explained"),
        (("show", "--filter", "verdikt=agrees"), "'verdikt' is not a key", "verdict"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_an_unknown_word_is_refused_with_near_misses(args, message, near, seeded):
    ran = seeded(*args)
    first, hints = ran.err.splitlines()
    assert (1, "") == (ran.code, ran.out)
    assert first.startswith(f"vapic: {message}")
    assert near in hints.removeprefix("Did you mean: ").split(", ")


@pytest.mark.parametrize("args", [("show", "--mode", "mmio"), ("show", "--colour"), ("shwo",)])
def test_a_wrong_usage_is_told_in_one_line_and_how_to_get_help(args, vapic):
    ran = vapic(*args)
    assert (2, "") == (ran.code, ran.out)
    assert "--help" in ran.err
    assert "Traceback" not in ran.err


def test_an_export_is_json_and_the_same_twice(seeded, tmp_path):
    printed = seeded("export").out
    assert 0 == seeded("export", tmp_path / "all.json").code
    assert printed.encode() == (tmp_path / "all.json").read_bytes() == seeded("export").out.encode()
    assert "2026-11-22.1" == json.loads(printed)["data_version"]


def test_an_export_holds_every_fact_and_verdict(seeded, knowledge):
    document = json.loads(seeded("export").out)
    keys = {kind: sorted(entries) for kind, entries in knowledge.by_kind.items()}
    assert keys == {kind: sorted(entries) for kind, entries in document["facts"].items()}
    assert len(knowledge.cells) * len(knowledge.families) == len(document["verdicts"])
    assert "2026-11-22T12:00:00Z" == document["created_at"]


def test_a_rebuild_says_that_there_is_nothing_to_change(seeded):
    ran = seeded("rebuild")
    assert (0, "nothing to change\n", "") == (ran.code, ran.out, ran.err)


def test_migrating_and_seeding_twice_loads_once(bare):
    assert [0, 0] == [bare("migrate").code, bare("migrate").code]
    first, again = bare("seed"), bare("seed")
    assert re.fullmatch(r"\d{3,} facts: data version 20\d\d-\d\d-\d\d\.1\n", first.out)
    assert re.fullmatch(r"\d{3,} facts: nothing changed\n", again.out)
    assert [0, 0, "", ""] == [first.code, again.code, first.err, again.err]


@pytest.mark.parametrize("args", [*READING, *WRITING], ids=" ".join)
def test_a_database_without_tables_gives_one_clear_line(args, bare):
    ran = bare(*args)
    line = "vapic: The database has no tables yet: run `vapic migrate`, then `vapic seed`.\n"
    assert (1, "", line) == (ran.code, ran.out, ran.err)


@pytest.mark.parametrize("args", READING, ids=" ".join)
def test_an_empty_database_gives_one_clear_line(args, bare):
    bare("migrate")
    ran = bare(*args)
    line = "vapic: The database is empty: run `vapic migrate` and `vapic seed`.\n"
    assert (1, "", line) == (ran.code, ran.out, ran.err)


@pytest.mark.parametrize("args", [*READING, *WRITING, ("migrate",)], ids=" ".join)
def test_a_file_that_is_no_database_gives_one_clear_line(args, bare, tmp_path):
    (tmp_path / "bare.db").write_bytes(b"no database " * 1000)
    ran = bare(*args)
    line = "vapic: the database cannot be used: file is not a database\n"
    assert (1, "", line) == (ran.code, ran.out, ran.err)


def test_the_version_is_that_of_the_package(vapic):
    assert f"{__version__}\n" == vapic("version").out


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("version",), 0, __version__),
        (("show", "icr"), 0, "ICRL - Interrupt Command Register Low"),
        (("show", "lvt-tmer"), 1, "Did you mean: lvt-timer"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_a_process_of_its_own_does_the_same(args, code, words, database_url):
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from app.cli.main import main; main()", *args],
        env=os.environ | {"DATABASE_URL": database_url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert code == ran.returncode
    assert words in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
