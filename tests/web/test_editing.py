"""What the editor of the manual gets: the printed table, a patch of it, and a letter."""

import re
import subprocess

import pytest

from app.core.words import Printed
from app.pages.print_text import mended_form, printed_form
from app.store.snapshots import offline_snapshot
from tests.conftest import SEEDED_AT
from tests.running import HTML, soup_of

PIN = "?at=2026-11-22.1"
LINE = re.compile(r"([ +-])(.*)")


@pytest.fixture(scope="module")
def snapshot(knowledge):
    """What the site shows, with no database behind it."""
    return offline_snapshot(knowledge, SEEDED_AT)


def patched(text, diff):
    """Apply a unified diff as patch(1) does without fuzz: every line of context must be there."""
    lines, out, at = text.splitlines(), [], 0
    body = diff[diff.index("\n--- ") + 1 :].splitlines()[2:]
    for line in body:
        if hunk := re.match(r"@@ -(\d+)", line):
            start = int(hunk[1]) - 1
            out, at = [*out, *lines[at:start]], start
            continue
        kind, said = LINE.fullmatch(line).groups()
        if kind != "+":
            assert said == lines[at], f"line {at + 1}"
            at += 1
        out += [said] if kind != "-" else []
    return "\n".join([*out, *lines[at:]]) + "\n"


@pytest.mark.parametrize("pin", ["", PIN])
def test_the_patch_makes_of_the_printed_table_what_it_should_be(client, snapshot, pin):
    printed, diff = (client.get(f"/corrected{end}{pin}") for end in ("/printed.txt", ".diff"))
    assert "text/x-diff; charset=us-ascii" == diff.headers["content-type"]
    assert printed.text == printed_form(snapshot.corrected, snapshot.knowledge)
    assert patched(printed.text, diff.text) == mended_form(snapshot.corrected, snapshot.knowledge)
    assert f"/corrected/printed.txt{PIN}\n" in diff.text


def test_patch_itself_takes_the_patch(client, tmp_path, snapshot):
    (tmp_path / "table-15-22.txt").write_text(client.get("/corrected/printed.txt").text)
    diff = client.get("/corrected.diff").text
    try:
        ran = subprocess.run(["patch", "-p1"], cwd=tmp_path, input=diff, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no patch(1) here")
    mended = (tmp_path / "table-15-22.txt").read_text()
    assert (0, mended) == (ran.returncode, mended_form(snapshot.corrected, snapshot.knowledge))


def test_the_letter_has_every_change_with_page_old_and_new_text_and_reason(client, snapshot):
    text = client.get(f"/corrected/letter.txt{PIN}").text
    flat = " ".join(text.split())
    rows = snapshot.corrected.rows
    for cell in (cell for row in rows for cell in row.cells.values() if cell.changed):
        assert snapshot.knowledge.name_of(cell.key) in flat
    entries = re.findall(r"(?ms)^\[\d+\] .*?(?=^\[|^\w|\Z)", text.split("Questions")[0])
    assert len(entries) == sum(
        n.kind in ("wrong", "incomplete") for n in snapshot.corrected.footnotes
    )
    for entry in entries:
        assert re.match(r"\[\d+\] p\.56[678](-56[78])?: ", entry), entry
        assert all(label in entry for label in ("Old text", "New text", "Reason"))
        assert re.search(r"p\.\d+", entry.split("Reason")[1]), entry
    assert f"/corrected.diff{PIN}" in flat
    assert "p.658, Table 16-6, sends Self IPI to Figure 16-6" in flat
    assert client.get(f"/corrected/letter{PIN}", headers=HTML).status_code == 200


def test_a_changed_cell_shows_what_is_printed_beside_what_it_should_say(client, snapshot):
    table = soup_of(client, "/corrected").find("table", class_="corrected")
    shown = {a["href"] for a in table.select("a.open:has(.was)")}
    cells = [cell for row in snapshot.corrected.rows for cell in row.cells.values()]
    wrong = {cell.key.url for cell in cells if cell.printed is Printed.WRONG}
    assert shown == {cell.key.url for cell in cells if cell.changed}
    # What still holds is not struck out.
    assert wrong == {a["href"] for a in table.select("a.open:has(s)")}
    ldr = table.find("a", href="/r/ldr/x2avic/write").get_text(" ", strip=True)
    assert "printed: #VMEXIT (trap) ; should say: #GP, no #VMEXIT" in ldr


def test_the_markdown_has_the_vendor_s_words_and_every_footnote_by_its_group(client, snapshot):
    text = client.get("/corrected.md").text
    assert "| ~~#VMEXIT (trap)~~ -> **#GP** [" in text
    assert [kind.heading for kind, _ in snapshot.corrected.groups] == re.findall(
        "(?m)^### (.*)", text
    )
    numbers = re.findall(r"(?m)^- \[(\d+)\] ", text)
    assert [str(note.number) for note in snapshot.corrected.footnotes] == numbers
