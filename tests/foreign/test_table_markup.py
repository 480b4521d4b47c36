"""A table in the markup of a wiki, a manual or a spreadsheet gives the draft of the plain one."""

import pytest

from app.foreign.table_draft import import_table

HEAD = ("MSR", "Register", "RDMSR", "WRMSR")
ROWS = (("80Dh", "LDR", "allowed", "#GP"), ("80Bh", "EOI", "#GP", "accelerated"))
SAID = [("ldr", "read", "allowed"), ("ldr", "write", "gp"),
        ("eoi", "read", "gp"), ("eoi", "write", "accelerated")]  # fmt: skip


def lines(rows, between, first="", last="", joint="\n"):
    return joint.join(first + between.join(row) + last for row in rows)


def barred(*rows):
    return f"| {' | '.join(HEAD)} |\n|--|--|--|--|\n{lines(rows, ' | ', '| ', ' |')}\n"


ALL = (HEAD, *ROWS)
MARKUP = {
    "Jira": f"||{'||'.join(HEAD)}||\n{lines(ROWS, '|', '|', '|')}\n",
    "list-table": ".. list-table:: MSRs\n   :header-rows: 1\n\n"
    + lines(ALL, "\n     - ", "   * - ") + "\n\nAnd so on.\n",
    "list-table with wrapped cells": ".. list-table::\n\n"
    + lines(ALL, "\n     - ", "   * - ").replace("#GP", "#GP, no\n       #VMEXIT") + "\n",
    "csv-table": f".. csv-table::\n   :header: {', '.join(HEAD)}\n\n{lines(ROWS, ', ', '   ')}\n",
    "csv-table with quotes": ".. csv-table::\n   :header: "
    + lines(ALL, '", "', '"', '"', "\n   ") + "\n",
    "MediaWiki": '{| class="wikitable"\n! scope="col" | ' + " !! ".join(HEAD) + "\n|-\n"
    + lines(ROWS, " || ", "| ", joint="\n|-\n") + "\n|}\n",
    "MediaWiki, a cell a line": "{|\n|+ MSRs\n|-\n! " + "\n! ".join(HEAD) + "\n|-\n"
    + lines(ROWS, "\n| ", "| ", joint="\n|-\n") + "\n|}\n",
    "AsciiDoc": f'[cols="1,1,1,1"]\n|===\n{lines(ALL, " |", "|")}\n|===\n',
    "AsciiDoc, a cell a line": f"|===\n|{' |'.join(HEAD)}\n\n"
    + lines(ROWS, "\n|", "|") + "\n|===\n",
    "LaTeX": "\\begin{tabular}{llll}\n\\toprule\n"
    + lines(ALL, " & ", last=" \\\\").replace("#", "\\#").replace("LDR", "\\textbf{LDR}")
    + "\n\\end{tabular}\n",
    "semicolons": lines(ALL, ";") + "\n",
    "all in quotes": lines(ALL, '","', '"', '"') + "\n",
    "a spreadsheet's line break": lines(ALL, "\t").replace("#GP", '"#GP\nno #VMEXIT"') + "\n",
    "full width": barred(*ROWS).replace("|", "\uff5c").replace("#", "\uff03"),
    "emphasis": barred(*ROWS).replace("allowed", "_allowed_").replace("#GP", "***#GP***"),
    "escapes": barred(*ROWS).replace("#GP", "\\#GP"),
    "a spreadsheet's empty cells": lines(ALL, "\t").replace("\tLDR\t", "\t\t") + "\n",
    "footnotes": barred(*ROWS).replace("#GP", "#GP[^1]"),
    "what is struck out": barred(*ROWS).replace("#GP", "~~trap~~ #GP"),
    "what a page strikes out": "<table>"
    + "".join(f"<tr><td>{lines([row], '</td><td>')}</td></tr>" for row in ALL).replace(
        "#GP", "<del>trap</del><br>#GP<br>no #VMEXIT") + "</table>",
}  # fmt: skip


@pytest.mark.parametrize("quoted", ["", "> "])
@pytest.mark.parametrize("name", MARKUP)
def test_a_table_in_any_markup_gives_the_same_draft(name, quoted, knowledge):
    text = "".join(f"{quoted}{line}\n" for line in MARKUP[name].splitlines())
    drafted = import_table(text.encode(), knowledge)

    assert [] == drafted.faults
    found = [(o["register"], o["access"], o["outcome"]) for o in drafted.observations]
    assert SAID == found
    struck = [note for note in drafted.notes if "struck out" in note]
    assert (2 if "trap" in text else 0) == len(struck), drafted.notes


def test_a_row_of_markup_that_is_too_short_is_a_fault(knowledge):
    text = MARKUP["list-table"].replace("     - accelerated\n", "")

    (fault,) = import_table(text.encode(), knowledge).faults
    assert "12:1: found 3 cells, expected 4" in str(fault)


def test_a_table_beside_one_that_is_read_is_not_passed_over(knowledge):
    other = barred(*ROWS).replace("RDMSR", "Lesen").replace("WRMSR", "Schreiben")
    drafted = import_table(f"{barred(*ROWS)}\nUnd:\n\n{other}".encode(), knowledge)

    assert SAID == [(o["register"], o["access"], o["outcome"]) for o in drafted.observations]
    assert ["Line 8: a table whose titles name no register or no access is not read."] == [
        note for note in drafted.notes if "is not read" in note
    ]
