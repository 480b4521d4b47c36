"""The words of tables in mails: what a cell and a title may say, and what is refused."""

import pytest

from app.core.words import Access, Behaviour, Mode
from app.foreign.table_titles import Column, read_title
from app.foreign.table_words import UnknownWord, read_cell
from app.intake.format1 import OUTCOMES


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_behaviour_reads_back_from_its_word_its_label_and_its_short_form(outcome) -> None:
    for word in (outcome.value, outcome.label, outcome.short, outcome.label.upper()):
        assert outcome is read_cell(word, {})[0].outcome


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (Behaviour.GP, "#GP(0)"),
        (Behaviour.GP, "`gp` [2]"),
        (Behaviour.VMEXIT_MSR, "7Ch"),
        (Behaviour.VMEXIT_MSR, "Intercepted"),
        (Behaviour.VMEXIT_IPI, "401h"),
        (Behaviour.VMEXIT_NPF, "0x400"),
        (Behaviour.VMEXIT_TRAP, "402h (trap)"),
        (Behaviour.ACCELERATED, "**accel**"),
    ],
)
def test_the_spellings_of_mails_are_known(expected, text) -> None:
    assert [expected] == [one.outcome for one in read_cell(text, {})]


@pytest.mark.parametrize("text", ["", "-", ".", "n/a", "?", "undef", "[3]"])
def test_a_cell_may_say_nothing(text) -> None:
    assert () == read_cell(text, {})


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("trap or fault: this word may be either", "402h"),
        ("trap or fault: this word may be either", "#VMEXIT"),
        ("did you mean `allowed`?", "alowed"),
        ("allowed or accelerated, or completed", "works"),
        ("one of allowed, accel, trap, fault", "trap on Tuesdays"),
        ("one of allowed, accel, trap, fault", "allowed #gp"),
    ],
)
def test_an_unknown_word_is_refused_with_what_is_valid(expected, text) -> None:
    with pytest.raises(UnknownWord) as refused:
        read_cell(text, {})

    assert expected in f"{refused.value.expected} {refused.value.hint}"


def test_a_condition_is_read_by_its_tag_or_slug(knowledge) -> None:
    found = read_cell("accel edge; trap if level; #GP reserved-bits", knowledge.conditions)

    assert [("accelerated", "edge"), ("vmexit-trap", "level"), ("gp", "reserved-bits")] == [
        (one.outcome, one.condition) for one in found
    ]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ((Mode.X2AVIC, Access.READ, None), "RDMSR"),
        ((Mode.X2AVIC, Access.READ, Column.BEFORE), "RDMSR (before)"),
        ((Mode.X2AVIC, Access.WRITE, Column.AFTER), "new WRMSR"),
        ((Mode.X2AVIC, Access.WRITE, Column.BEFORE), "WRMSR w/o patch"),
        ((Mode.AVIC, Access.WRITE, None), "AVIC write"),
        ((None, Access.READ, Column.AFTER), "**Read**, after"),
        ((Mode.X2AVIC, Access.WRITE, Column.TABLE), "Table 15-22 WRMSR"),
    ],
)
def test_a_title_says_mode_access_and_which_of_two_columns(expected, text) -> None:
    title = read_title(text)

    assert expected == (title.mode, title.access, title.variant)


@pytest.mark.parametrize(
    "text", ["colour", "RDMSR WRMSR", "before after RDMSR", "MSR offset", "the"]
)
def test_a_title_that_says_two_things_or_nothing_known_is_refused(text) -> None:
    with pytest.raises(UnknownWord):
        read_title(text)
