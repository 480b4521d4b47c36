"""/docs/measure names commands and options that exist."""

import re
import shlex
import subprocess

import pytest
from typer.main import get_command

from app.cli.main import command_line
from app.intake.measurement import parse
from app.settings import ROOT, Settings
from tests.probe import booting

PARTS = ("measure.md", "_measure_untraced.md")
TEXT = "".join((ROOT / "templates/docs" / part).read_text("utf-8") for part in PARTS)
COMMANDS = get_command(command_line()).commands


def command_of(words):
    """Return the command that words of a line name, however deep it is."""
    command = COMMANDS[words[0]]
    for word in words[1:]:
        command = getattr(command, "commands", {}).get(word, command)
    return command


def named():
    """Return every `vapic ...` of the page, as its words."""
    spans = re.findall(r"`vapic ([^`]+)`", TEXT)
    lines = re.findall(r"bin/vapic (.+)", TEXT)
    return [text.split() for text in (*spans, *lines)]


def test_the_page_is_ascii_and_fits_a_terminal() -> None:
    assert TEXT.isascii()
    assert all(len(line) <= 75 for line in TEXT.splitlines())
    assert len(TEXT.splitlines()) <= 140


def test_every_command_of_the_page_exists() -> None:
    assert {"probe", "correlate", "check", "submit", "import"} == {words[0] for words in named()}
    imports = {words[1] for words in named() if words[0] == "import"}
    assert set(COMMANDS["import"].commands) == imports


@pytest.mark.parametrize("option", sorted(set(re.findall(r"(?<=\s|`)--[a-z][a-z-]+", TEXT))))
def test_every_option_of_the_page_is_one_of_its_commands(option) -> None:
    known = {name for words in named() for p in command_of(words).params for name in p.opts}

    assert option in known


def test_the_guest_boots_by_hand_as_the_page_says_and_its_log_can_be_sent(guest, tmp_path) -> None:
    (line,) = re.findall(r"^qemu-system-x86_64 .+?(?=^```)", TEXT, re.DOTALL | re.MULTILINE)
    # The same under emulation, which is all that an explorer refuses of it.
    line = line.replace("-accel kvm -cpu host", "-accel tcg -cpu max").replace("\\\n", " ")
    words = shlex.split(line.replace("guest/probe.elf", str(guest)))
    ran = subprocess.run([booting.find_qemu(), *words[1:]], cwd=tmp_path, timeout=120, check=False)
    raw = (tmp_path / "xapic.log").read_bytes()

    assert 33 == ran.returncode
    assert len(raw) < Settings().max_body_bytes
    document = parse(raw).document
    assert (False, "tcg") == (document.exits_watched, document.hypervisor.accelerator)
    assert {"completed", "gp"} >= {seen.outcome for seen in document.observations} > set()
