"""A mail is held against the site: each link and each quoted line, then and today."""

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail import quoting
from app.mail.quotes import Standing
from app.mail.quotes_text import report_text
from tests.quoting.conftest import CELL, NOW, SITE, THEN, quote, told

PINNED = f"{SITE}{CELL}?at={THEN}"
BLOCKS = (CELL, "/r/icr", "/d/3", "/mail?rows=ro,wo&mode=x2avic")
UNCHANGED = {"unchanged"}


def wrapped(text, width):
    """Wrap each line as an editor does, between words."""
    options = {"break_long_words": False, "break_on_hyphens": False}
    lines = (textwrap.wrap(line, width, **options) or [""] for line in text.splitlines())
    return "".join(f"{line}\n" for several in lines for line in several)


def folded(text, width):
    """Fold as fold(1) does, anywhere."""
    parts = ((line[i : i + width] for i in range(0, max(1, len(line)), width))
             for line in text.splitlines())  # fmt: skip
    return "".join(f"{part}\n" for several in parts for part in several)


MANGLERS = st.one_of(
    st.tuples(st.just(wrapped), st.integers(40, 78)),
    st.tuples(st.just(quote), st.integers(1, 3)),
    st.tuples(st.just(lambda text, n: quote(text, n, ">")), st.integers(1, 3)),
)


@settings(max_examples=60)
@given(
    address=st.sampled_from(BLOCKS),
    steps=st.lists(MANGLERS, max_size=3),
    sent=st.tuples(st.sampled_from([75, 72, 60, 50, 1000]), st.integers(0, 2)),
)
def test_quoting_and_wrapping_never_change_the_answer(hold, block_of, address, steps, sent):
    text = block_of(address)
    for mangle, size in steps:
        # Wrapping moves quotes into the text unless it comes first.
        text = text if mangle is wrapped and text.startswith(">") else mangle(text, size)
    fold, depth = sent
    checked = hold("Ada wrote:\n\n" + quote(folded(text, fold), depth) + "\nthoughts?\n")

    assert 1 == len(checked.links), text
    assert told(checked) == (1, UNCHANGED), report_text(checked)


def edits(lines, k):
    """Return a line edited in several ways."""
    words = lines[k].split()
    digits = [i for i, letter in enumerate(lines[k]) if letter.isdigit()]
    yield lines[k].replace(words[-1], "surely")
    yield " ".join(words[:-1]) if len(words) > 2 else "  no such thing was ever said"
    for i in digits[:1]:
        yield f"{lines[k][:i]}{(int(lines[k][i]) + 1) % 10}{lines[k][i + 1 :]}"
    yield "  On any CPU it just works (9 reports)" if k else lines[k].replace(words[0], "SVR,")


@pytest.mark.parametrize("address", [CELL, "/d/3"])
@pytest.mark.parametrize("depth", [0, 2])
def test_an_edited_line_is_caught_on_exactly_its_line(standings, block_of, address, depth):
    lines = block_of(address).splitlines()
    for k in (k for k, line in enumerate(lines[:-1]) if line.strip()):
        for edited in edits(lines, k):
            mail = "\n".join([*lines[:k], edited, *lines[k + 1 :]])
            found = standings("Hi,\n" + quote(mail, depth))

            assert [k + 2] == [n for n, s in found if s != "unchanged"], edited
            assert "never said that" == dict(found)[k + 2]


def test_an_edited_line_is_shown_with_what_was_said(hold, block_of):
    mail = quote(block_of().replace("#GP, no #VMEXIT (", "accelerated ("))
    (line,) = [x for x in hold(mail).links[0].block if x.standing is Standing.NEVER]

    assert "accelerated" in line.text
    assert ["#GP, no #VMEXIT" in text for text in line.then] == [True]


OLD = (("By the manual's own order", "What rules"), ("stated elsewhere", "documented"))


@pytest.mark.parametrize("address", [CELL, "/r/ldr", "/d/5"])
def test_a_block_in_the_words_of_before_still_holds(standings, block_of, address):
    block = block_of(address)
    for now, then in OLD:
        block = block.replace(now, then)

    assert block != block_of(address)
    assert UNCHANGED == {standing for _, standing in standings(block)}


def test_a_line_put_into_a_block_was_never_said(standings, block_of):
    lines = block_of().splitlines()
    lines.insert(4, "  Zen 9:        everything works (12 reports)")

    assert [5] == [n for n, s in standings("\n".join(lines)) if s == "never said that"]


@pytest.mark.parametrize("gone", [slice(0, 3), slice(3, 6), slice(4, 11)])
def test_lines_that_somebody_left_out_are_no_fault(standings, block_of, gone):
    lines = block_of().splitlines()
    del lines[gone]

    assert {"unchanged"} == {s for _, s in standings(quote("\n".join(lines), 2))}


@pytest.mark.parametrize("remark", ["Really?", "\nReally?\n\nAnd on Zen 5?\n", "> Really?"])
def test_remarks_between_quoted_lines_are_not_ours(standings, block_of, remark):
    lines = quote(block_of(), 2).splitlines()
    found = [s for _, s in standings("\n".join([*lines[:5], remark, *lines[5:]]))]

    assert {"unchanged", "not ours"} == set(found)
    assert found.count("not ours") == sum(bool(line) for line in remark.splitlines())


def test_a_remark_may_hold_a_pinned_link_of_its_own(hold, block_of):
    lines = quote(block_of()).splitlines()
    remark = f"\nBut see {SITE}/r/icr?at={THEN}\n"
    first, second = hold("\n".join([*lines[:5], remark, *lines[5:]])).links

    assert [] == first.block
    kept = [line for line in second.block if line.standing is Standing.UNCHANGED]
    assert len([line for line in lines[:-1] if line.strip("> ")]) == len(kept)


def test_several_blocks_of_one_mail_are_told_apart(hold, block_of):
    mail = quote(block_of()) + "\n" + quote(block_of("/r/icr/x2avic/write"), 2) + block_of("/d/3")
    checked = hold(mail)

    assert (3, UNCHANGED) == told(checked)


def test_what_changed_since_is_told_with_what_is_said_today(hold, block_of):
    checked = hold(quote(block_of()), live=NOW)
    (link,) = checked.links
    (line,) = [x for x in link.block if x.standing is not Standing.UNCHANGED]

    assert Standing.CHANGED is line.standing is link.standing
    assert ("#VMEXIT (trap)" in line.text, "#VMEXIT (fault)" in line.today[0]) == (True, True)
    assert f"{SITE}{CELL}/since/{THEN}" == link.since
    assert any("vmexit-trap" in text for hunk in link.changes for text in hunk.was)


def test_the_same_version_by_another_name_is_no_change(hold, block_of):
    assert (1, UNCHANGED) == told(hold(quote(block_of("/r/icr")), live=NOW))
    assert (0, UNCHANGED) == told(hold(f"{SITE}/mail?rows=icr&at={THEN}", live=NOW))


@pytest.mark.parametrize(
    ("address", "standing", "said"),
    [
        (f"{CELL}?at={THEN}", "changed since", "LDR - Logical Destination Register: x2AVIC write"),
        (f"/r/APIC_LDR.txt?at={THEN}", "changed since", "Today pinned"),
        (f"/mail?rows=ldr&at={THEN}", "changed since", "#VMEXIT 402h before"),
        (f"{CELL}?at=2026-11-22", "changed since", "2026-11-22 means data version 2026-11-22.1."),
        (f"/r/icr?at={THEN}", "unchanged", "ICRL"),
        (f"/?mode=x2avic&group=timer&at={THEN}", "unchanged", "Table 15-22"),
        (f"/corrected?at={THEN}", "changed since", "/corrected/since/2026-11-22.1"),
        (f"/errata/1235.json?at={THEN}", "unchanged", "1235"),
        (f"{CELL}?at={NOW}", "unchanged", "LDR"),
        ("/r/icr/x2avic/write", "as it is today", f"{SITE}/r/icr/x2avic/write?at={NOW}"),
        ("/d/D-3", "as it is today", f"{SITE}/d/3?at={NOW}"),
        ("/index.txt", "as it is today", f"{SITE}/?at={NOW}"),
        ("/docs/words", "not compared", "not compared"),
        ("/api/v1/cells?mode=avic", "not compared", "not compared"),
        (f"{CELL}/since/{THEN}", "not compared", "not compared"),
        (f"{CELL}?at=2026-11-22.7", "no such page", "There is no data version"),
        ("/docs/words?at=2026-11-22.7", "no such page", "There is no data version"),
        ("/r/nope", "no such page", "No register is called"),
        ("/r/ldr/x2avic/wite", "no such page", "ldr/avic/read"),
        ("/d/999", "no such page", "There is no difference"),
        ("/m/0123456789ab", "no such page", "There is no measurement"),
        ("/r/nope/mail", "no such page", "No register is called"),
        (f"/r/nope/mail?at={THEN}", "no such page", "No register is called"),
        (f"/corrected/mail?at={THEN}", "no such page", "/corrected has no block for a mail."),
        ("/?mode=x3avic", "no such page", "'x2avic'"),
        ("/nowhere", "no such page", "nowhere"),
    ],
)  # fmt: skip
def test_every_link_is_told_what_became_of_it(hold, address, standing, said):
    checked = hold(f"> see {SITE}{address}, please", live=NOW)

    assert (0, {standing}) == told(checked)
    assert (standing in {"changed since", "no such page"}) == checked.wrong
    assert said in " ".join(report_text(checked).split())


def test_a_mail_without_our_links_says_what_was_looked_for(hold):
    checked = hold(f"Hi,\nhttps://old.example.org{CELL}?at={THEN} and https://example.org\n")
    text = " ".join(report_text(checked).split())

    assert ([], False) == (checked.links, checked.wrong)
    assert "Looked for links to this site" in text
    assert "lead to old.example.org" in text
    assert 1 == len(hold(f"https://old.example.org{CELL}", sites=(SITE, "old.example.org")).links)


def test_prose_above_a_link_is_no_block(hold):
    mail = f"LDR under x2AVIC:\nno report on any of this, as I said in 2026:\n{PINNED}\n"

    assert 0 == told(hold(mail))[0]


def test_a_mail_of_many_versions_links_and_blocks_has_an_end(hold, monkeypatch, block_of):
    monkeypatch.setattr(quoting, "MOST_LINKS", 4)
    monkeypatch.setattr(quoting, "MOST_BLOCKS", 1)
    monkeypatch.setattr(quoting, "MOST_VERSIONS", 1)
    days = (f"{SITE}{CELL}?at={day}" for day in ("2026-11-22", "2026-11-23", NOW))
    checked = hold("\n".join([block_of(), *days, PINNED, PINNED]))

    assert ["unchanged", "unchanged", "not compared", "not compared"] == [
        str(link.standing) for link in checked.links
    ]
    assert ["Only the first 4 of 6", "Only above the first 1 "] == [
        note.partition(" links")[0].removesuffix("pinned") for note in checked.notes
    ]


def test_so_many_different_pages_are_compared_and_one_again_costs_no_more(hold, monkeypatch):
    monkeypatch.setattr(quoting, "MOST_PAGES", 2)
    others = (f"{SITE}/r/icr/avic/write?at={THEN}", f"{SITE}/r/eoi/avic/write?at={THEN}")
    checked = hold("\n".join([PINNED, PINNED, *others, PINNED])).links

    assert [3] == [n for n, link in enumerate(checked) if str(link.standing) == "not compared"]
    assert "More than 24 pages in one mail: this one was not looked at." == checked[3].note


def test_the_report_is_ascii_within_75_columns_whatever_is_pasted(hold, block_of):
    strange = "> Zen 4: \N{SNOWMAN}\x1b[31m " + "x" * 90
    lines = quote(block_of()).splitlines()
    mail = "\n".join([*lines[:6], strange, *lines[6:], f"{SITE}/r/{'n' * 80}"])
    text = report_text(hold(mail, live=NOW))

    assert text.isascii()
    assert "\x1b" not in text
    # An address that is longer than a line keeps one whole.
    assert [len(line) for line in text.splitlines() if len(line) > 75] == [
        len(f"{SITE}/r/{'n' * 80}")
    ]
