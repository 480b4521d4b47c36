"""The filter of the ledger: one query string for one view, and what it lets through."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ledger_filter import KEYS, WHOLE_LEDGER, view_ledger, vocabulary_of
from app.core.views import view_cells
from app.core.words import DifferenceState
from app.errors import InvalidFilter
from tests.factories import make_difference, make_knowledge, make_observation


@pytest.fixture(scope="module")
def values(knowledge):
    """The valid words of the real seed."""
    return vocabulary_of(knowledge)


def read(query, values):
    return values.read(parse_qsl(query, keep_blank_values=True))


def numbers(query, knowledge, views):
    """Return the numbers that a query shows, in its order."""
    shown = view_ledger(knowledge, views, read(query, vocabulary_of(knowledge))).entries
    return [entry.difference.number for entry in shown]


@given(st.data())
def test_any_filter_survives_its_query_string_and_loses_a_chip_at_a_time(values, data):
    many = {}
    for name in (key.name for key in KEYS if not key.most):
        picked = data.draw(st.sets(st.sampled_from(list(values.values[name])), max_size=2))
        many[name] = tuple(v for v in values.values[name] if v in picked)
    q = " ".join(data.draw(st.text("abc#&=,+ %", max_size=8)).split())
    sort = data.draw(st.sampled_from(list(values.values["sort"])))
    wanted = WHOLE_LEDGER.but(**many, q=(q,), sort=(sort,))

    pairs = [(key, value) for key, every in wanted.chosen.items() for value in every]

    assert wanted == read(wanted.query(), values)
    assert wanted == values.read(data.draw(st.permutations(pairs * 2)))
    for _ in values.chips(wanted):
        wanted = values.chips(wanted)[0].without
    assert WHOLE_LEDGER == wanted


@pytest.mark.parametrize("query", ["verdict=agrees", "sort=date&sort=number"])
def test_a_word_of_another_filter_or_a_second_order_is_refused(query, values):
    with pytest.raises(InvalidFilter):
        read(query, values)


def one_of_each_state():
    """A world with an entry per state on two cells, and an unfiled one."""
    made = [make_difference(n, state) for n, state in enumerate(DifferenceState, 1)]
    seen = make_observation("gp", cells=("tpr/avic/read",))
    return make_knowledge(seen, *made)


@pytest.mark.parametrize(
    ("shown", "groups", "query"),
    [
        ([1, 2, 3, 4, 5, 6], 1, ""),
        ([1], 0, "state=seen"),
        ([4, 6], 0, "state=retracted,stated-elsewhere"),
        ([], 1, "state=unfiled"),
        ([6], 1, "state=unfiled,retracted"),
        ([], 1, "mode=avic"),
        ([1, 2, 3, 4, 5, 6], 0, "access=write"),
        ([], 1, "family=zen-4"),
        ([1, 2, 3, 4, 5, 6], 0, "family=none"),
        ([], 1, "evidence=measured"),
        ([1, 2, 3, 4, 5, 6], 0, "evidence=none"),
        ([], 1, "q=tpr/avic"),
        ([], 0, "register=tpr&mode=avic&access=write"),
        ([6, 5, 4, 3, 2, 1], 1, "sort=-number"),
    ],
)
def test_entries_and_what_is_unfiled_pass_by_the_same_words(shown, groups, query):
    knowledge = one_of_each_state()
    view = view_ledger(knowledge, view_cells(knowledge), read(query, vocabulary_of(knowledge)))

    assert (shown, groups) == ([e.difference.number for e in view.entries], len(view.unfiled))
    assert {"seen": 1, "reproduced": 1, "reported": 1, "stated elsewhere": 1, "mended": 1,
            "retracted": 1, "unfiled": 1} == {
        state: number for state, number, _ in view.counts
    }  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "query"),
    [
        ([1, 14, 15], "state=reported"),
        ([12, 13, 14, 15, 17, 18, 19], "mode=avic"),
        ([1], "register=ldr"),
        ([1, 14, 15, 16, 17], "family=zen-4"),
        ([3, 5, 6, 8, 10, 11], "family=none"),
        ([1, 7, 9, 14, 15, 16], "evidence=observed"),
        ([14, 15], "q=5a7c7d148e48"),
        ([5, 12], "q=YxdjiNsWBPOoX2w1@google.com"),
        ([1], "q=80Dh"),
        ([7], "q=d-7"),
    ],
)
def test_the_real_ledger_answers_what_its_readers_ask(expected, query, knowledge, views):
    assert expected == numbers(query, knowledge, views)


def test_the_last_event_decides_the_order_by_date(knowledge, views):
    order = numbers("sort=-date", knowledge, views)
    dates = [knowledge.differences[str(n)].life[-1].date for n in order]

    assert sorted(dates, reverse=True) == dates
    assert sorted(knowledge.differences, key=int) == sorted(map(str, order), key=int)


@pytest.mark.parametrize(
    ("sentence", "query"),
    [
        ("19 differences.", ""),
        ("19 differences, by last event, backwards.", "sort=-date"),
        ("3 of 19 differences that are reported.", "state=reported"),
        (
            "1 of 19 differences on x2AVIC write cells of LDR that name Zen 4.",
            "mode=x2avic&access=write&register=ldr&family=zen-4",
        ),
        ("Only disagreements without a number.", "state=unfiled"),
        ("0 of 19 differences that are seen, and what is unfiled.", "state=unfiled,seen"),
        ('0 of 19 differences backed by no report matching "LDR".', "evidence=none&q=LDR"),
    ],
)
def test_the_filter_is_said_in_one_sentence(sentence, query, knowledge, views):
    wanted = read(query, vocabulary_of(knowledge))

    assert sentence == view_ledger(knowledge, views, wanted).sentence


def test_every_key_but_the_free_text_has_a_closed_vocabulary(values):
    assert {"q"} == {key.name for key in KEYS} - set(values.values)
