"""The command line, run as its users do."""

import json
import os
import re
import subprocess
import sys

import pytest

from app import __version__
from app.cli.main import command_line
from app.core.cells import cells_of
from app.settings import ROOT
from app.store.ailing import DAMAGED
from tests.running import SITE

commands = command_line()
GROUPS = commands.registered_groups
ALONE = [(c.name or c.callback.__name__,) for c in commands.registered_commands]
# A group without commands is one.
ALONE += [(group.name,) for group in GROUPS if not group.typer_instance.registered_commands]
GROUPED = [
    (group.name, c.name or c.callback.__name__)
    for group in GROUPS
    for c in group.typer_instance.registered_commands
]
READING = [("show",), ("show", "ldr"), ("corrected",), ("coverage",), ("export",)]
REVIEWING = [("token", "list"), ("review", "list"), ("review", "show", "x")]
WRITING = [("seed",), ("rebuild",)]


def spelled(part):
    return " ".join(map(str, part)) if isinstance(part, tuple) else ""


@pytest.fixture
def bare(vapic, tmp_path, monkeypatch):
    """The command line over a database that does not exist yet."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/bare.db")
    return vapic


def test_the_help_names_every_command_with_a_sentence(vapic):
    ran = vapic("--help")
    assert (0, "") == (ran.code, ran.err)
    assert {name for name, *_ in ALONE + GROUPED} == set(_sentences(ran.out))


@pytest.mark.parametrize("group", [*sorted({name for name, *_ in GROUPED}), ""])
def test_no_sentence_of_a_help_is_cut_to_the_width_of_a_terminal(group, vapic, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    told = _sentences(vapic(*group.split(), "--help").out)
    assert [] == [said for said in told.values() if not re.match(r"[A-Z].*[^.]\.$", said)]


def _sentences(text):
    """What a help says of each command, by its name."""
    whole = re.sub(r"\n {4,}", " ", text.partition("and exit.")[2])
    return dict(re.findall(r"(?m)^  ([\w-]+) +(\S.*)$", whole))


@pytest.mark.parametrize("command", ALONE + GROUPED, ids=spelled)
def test_every_command_explains_itself_and_its_options(command, vapic):
    ran = vapic(*command, "--help")
    options = re.findall(r"(?m)^  (--[\w-]+|\[?\w+\]?)(?: <.*?>)?  +(.*)$", ran.out)
    assert (0, "") == (ran.code, ran.err)
    assert re.match(rf"Usage: .*vapic {spelled(command)} ", ran.out)
    assert "--help" in dict(options)
    assert [] == [name for name, text in options if not text]


def test_no_command_at_all_shows_the_help(vapic):
    assert vapic("--help").out.strip() == (vapic().out + vapic().err).strip()


@pytest.mark.parametrize(
    ("slug", "names"), [("icr", "ICRL apic_icr 0x300 830h"), ("isr", "APIC_ISR isr#3 813h")]
)
def test_any_name_or_member_shows_the_register(slug, names, seeded):
    shown = seeded("show", slug)
    assert [] == [name for name in names.split() if shown != seeded("show", name)]


@pytest.mark.parametrize(
    ("args", "path"),
    [
        (("show",), "/index.txt"),
        (("show", "ldr"), "/r/ldr.txt"),
        (("show", "ldr", "--mode", "avic", "--access", "read"), "/r/ldr/avic/read.txt"),
        (("show", "LDR/x2avic/write"), "/r/ldr/x2avic/write.txt"),
        (("show", "--mode", "x2avic"), "/index.txt?mode=x2avic"),
        (("show", "--filter", "mode=avic&verdict=settles"), "/index.txt?mode=avic&verdict=settles"),
        (("corrected",), "/corrected.txt"),
        (("coverage",), "/c.txt"),
        (
            ("difference", "list", "--state", "seen", "--mode", "avic"),
            "/d.txt?state=seen&mode=avic",
        ),
        (
            (
                "difference",
                "list",
                "--register",
                "0x80d",
                "--family",
                "zen-4",
                "--filter",
                "sort=-date",
            ),
            "/d.txt?register=ldr&family=zen-4&sort=-date",
        ),
        (("difference", "show", "D-18"), "/d/18.txt"),
        (("policy",), "/policy.txt"),
        (("policy", "kvm-7.2"), "/policy/kvm-7.2.txt"),
        (("guest",), "/guest.txt"),
        (
            ("guest", "80Dh/x2avic/write", "--family", "genoa", "--hypervisor", "kvm-6.0"),
            "/guest.txt?cell=ldr/x2avic/write&family=zen-4&hypervisor=kvm-6.0",
        ),
        (("guest", "--differs"), "/guest.txt?only=differs"),
        (("guest", "80Dh/write"), "/guest.txt?cell=ldr&access=write"),
        (("policy", "kvm-7.2", "kvm-6.0"), "/policy/kvm-7.2..kvm-6.0.txt"),
        (("search",), "/search.txt"),
        (("search", "bit", "18"), "/search.txt?q=bit+18"),
        (("search", "doorbell", "-icr"), "/search.txt?q=doorbell+-icr"),
    ],
    ids=spelled,
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
    assert cells == re.findall(rf"(?m)^URL +{SITE}/r/ldr/(\S+)$", out)


@pytest.mark.parametrize("options", [(), ("--mode", "x2avic", "--access", "write")])
def test_a_family_leaves_the_evidence_of_that_family(options, seeded, knowledge):
    names = "|".join(re.escape(family.name) for family in knowledge.families.values())
    judged = [
        set(
            re.findall(rf"(?m)^({names}) *[a-z -]+: ", seeded("show", "icr", *options, *family).out)
        )
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


MISTAKES = [
    (("show", "lvt-tmer"), 1, "No register is called 'lvt-tmer'.", "Did you mean: lvt-timer"),
    (("show", "305h"), 1, "305h lies inside the slot of 300h.", "Did you mean: icr"),
    (("show", "FFFFh"), 1, "'FFFFh' is neither an xAPIC offset", "Did you mean: 300h"),
    (("show", "ldr", "--family", "zen-44"), 1, "There is no family 'zen-44'.", "zen-4"),
    (("show", "--family", "zen-44"), 1, "'zen-44' is not a value of 'family'", "zen-4"),
    (("show", "--filter", "verdict=explaned"), 1, "'explaned' is not a value", "explained"),
    (("show", "--filter", "verdikt=agrees"), 1, "'verdikt' is not a key", "verdict"),
    (("guest", "ldr/x3avic"), 1, "vapic: ", "Did you mean: ldr/x2avic/write"),
    (("policy", "kvm-8"), 1, "vapic: ", "Did you mean: /policy/kvm-7.2"),
    (("difference", "list", "--filter", "state=documentd"), 1, "Did you mean: documented"),
    (("difference", "draft"), 1, "Nothing is unfiled; name the cells that the entry is for."),
    (("difference", "draft", "ldr"), 1, "Did you mean: ldr/avic/read"),
    (("token", "revoke", 7), 1, "vapic: There is no token 7."),
    (("token", "create", " ", "--scope", "submit"), 1, "vapic: The name of a token must not"),
    (("token", "create", "Ada"), 2, "Missing option '--scope'"),
    (("token", "create", "Ada", "--scope", "admin"), 2, "Invalid value for '--scope'"),
    (("review", "show", "0123456789ab"), 1, "vapic: There is no measurement '0123456789ab'."),
    (("review", "accept", "0123456789ab"), 2, "Missing option '--reason'"),
    (("review", "list", "--state", "lost"), 2, "Invalid value for '--state'"),
    (("show", "--mode", "mmio"), 2, "'--mode': 'mmio' is not one of 'avic', 'x2avic'."),
    (("serve", "--port", "x"), 2, "'--port': found 'x', expected a valid integer"),
    (("show", "--colour"), 2, "--help"),
    (("shwo",), 2, "--help"),
    (("cite",), 1, "Say what to cite."),
    (("cite", "lrd"), 1, "Did you mean: ldr"),
    (("cite", "ldr", "nonsense"), 1, "'nonsense' is not a value of 'rows'"),
    (("cite", "D-99"), 1, "There is no difference"),
    (("cite", "ldr/x2avic"), 1, "'ldr/x2avic' is not a value of 'rows'"),
    (("cite", "/errata"), 1, "has no block for a mail"),
    (("cite", "/docs"), 1, "Did you mean: /r/REGISTER"),
    (("cite", "ldr", "--trailer", "--commits"), 1, "are one form each"),
    (("cite", "ldr", "--filter", "mode=x3avic"), 1, "did you mean 'x2avic'?"),
    (("check-mail", "/nowhere/mail"), 1, "vapic: /nowhere/mail: No such file or directory"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: spelled(mistake[0]))
def test_a_mistake_is_told_in_a_line_with_what_would_do(mistake, seeded):
    args, code, *words = mistake
    ran = seeded(*args)
    assert (code, "") == (ran.code, ran.out)
    assert [] == [told for told in (*words, "vapic") if told not in ran.err]
    assert "Traceback" not in ran.err
    assert code == 2 or len(ran.err.splitlines()) <= 3


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
    told = (
        r"\d{3,} facts: data version (20\d\d-\d\d-\d\d\.\d)\n(\d)+ measurements of the seed taken\n"
    )
    loaded = re.fullmatch(told, first.out)
    # Each measurement is a version, and the last is the one that is shown.
    assert f"data version {loaded[1]}\n" in bare("doctor").out
    assert re.fullmatch(r"\d{3,} facts: nothing changed\n", again.out)
    assert [0, 0, "", ""] == [first.code, again.code, first.err, again.err]


@pytest.mark.parametrize("args", [*READING, *WRITING, *REVIEWING], ids=" ".join)
def test_a_database_without_tables_gives_one_clear_line_and_is_not_made(args, bare, tmp_path):
    missing, file = bare(*args), tmp_path / "bare.db"
    assert not file.exists()
    file.touch()
    told = ((missing, "There is no database file"), (bare(*args), "The database has no tables"))
    for ran, what in told:
        line = f"vapic: {what} yet: run `vapic migrate`, then `vapic seed`.\n"
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
    line = f"vapic: the database cannot be used: file is not a database. {DAMAGED}\n"
    assert (1, "", line) == (ran.code, ran.out, ran.err)


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("mysql://me:secret@host/x", "DATABASE_URL is for SQLite or PostgreSQL, not mysql."),
        (
            "sqlite+aiosqlite:///x",
            "DATABASE_URL is for SQLite or PostgreSQL, not sqlite+aiosqlite.",
        ),
        ("x", "DATABASE_URL cannot be used: Could not parse SQLAlchemy URL from given URL string"),
    ],
)
@pytest.mark.parametrize("command", ["migrate", "rebuild", "serve", "backup FILE"])
def test_an_address_of_no_database_of_ours_gives_one_clear_line(
    command, url, line, vapic, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", url)
    assert (1, "", f"vapic: {line}\n") == ((ran := vapic(*command.split())).code, ran.out, ran.err)


def test_the_version_is_that_of_the_package(vapic):
    assert f"{__version__}\n" == vapic("version").out


def test_only_what_a_command_needs_is_imported():
    code = "import sys, app.cli.main as m; m.command_line('version'); print(*sys.modules)"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name for name in ran.stdout.split() if name.startswith("app")}

    assert {"app", "app.cli", "app.cli.main"} == loaded
    assert {"sqlalchemy", "pydantic", "uvicorn", "fastapi"}.isdisjoint(ran.stdout.split())


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("version",), 0, __version__),
        (("show", "icr"), 0, "ICRL - Interrupt Command Register Low"),
        (("show", "lvt-tmer"), 1, "Did you mean: lvt-timer"),
        (("check-mail", "-"), 0, "There is no text in it."),
    ],
    ids=spelled,
)
def test_a_process_of_its_own_does_the_same_without_a_standard_input(
    args, code, words, database_url
):
    command = 'exec "$0" -W error -c "from app.cli.main import main; main()" "$@" <&-'
    ran = subprocess.run(
        ["sh", "-c", command, sys.executable, *args],
        env=os.environ | {"DATABASE_URL": database_url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert code == ran.returncode
    assert words in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
