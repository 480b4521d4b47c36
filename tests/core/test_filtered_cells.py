from itertools import pairwise
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.filtering import Passing
from app.core.filters import sort_registers
from app.core.views import WORST_FIRST

law = settings(deadline=None, max_examples=40)


@pytest.fixture(scope="session")
def shown(knowledge, views, vocabulary):
    """Return what a query string shows, as cells in words; all at once and one by one alike."""
    passing = Passing(tuple(views.values()), knowledge.members)

    def show(query):
        wanted = vocabulary.read(parse_qsl(query))
        bits = passing.of(wanted)
        admitted = {str(k) for k, view in views.items() if wanted.admits(view, knowledge.members)}
        assert admitted == {str(k) for i, k in enumerate(views) if bits >> i & 1}
        return admitted

    return show


@pytest.mark.parametrize(
    ("query", "in_", "out"),
    [
        ("mode=avic", "tpr/avic/read", "tpr/x2avic/read"),
        ("access=write", "tpr/avic/write", "tpr/avic/read"),
        ("group=timer", "timer-divide/avic/read", "tpr/avic/read"),
        ("group=timer,priority", "tpr/avic/read", "eoi/avic/read"),
        ("family=zen-4", "id/x2avic/write", "eoi/x2avic/write"),
        ("family=zen-4,not-stated", "eoi/x2avic/write", "tpr/avic/read"),
        ("verdict=settles", "icr/avic/write", "id/x2avic/write"),
        ("verdict=explained", "id/x2avic/write", "tpr/x2avic/write"),
        ("verdict=side-effect", "icrh/avic/write", "tpr/x2avic/write"),
        ("printed=wrong", "id/x2avic/write", "tpr/x2avic/write"),
        ("printed=incomplete", "tpr/x2avic/write", "id/x2avic/write"),
        ("printed=not-printed", "self-ipi/avic/read", "id/x2avic/write"),
        ("printed=as-printed", "tpr/avic/read", "id/x2avic/write"),
        ("verdict=unmeasured", "tpr/avic/read", "eoi/x2avic/write"),
        ("family=zen-4&verdict=explained", "id/x2avic/write", "lvt-timer/x2avic/write"),
        ("family=zen-4&verdict=unmeasured", "eoi/x2avic/write", "id/x2avic/write"),
        ("family=not-stated&verdict=agrees", "apr/x2avic/read", "icr/avic/write"),
        ("evidence=observed", "id/x2avic/write", "eoi/x2avic/write"),
        ("evidence=stated", "eoi/x2avic/write", "id/x2avic/write"),
        ("evidence=observed&family=not-stated", "lvt-timer/x2avic/write", "id/x2avic/write"),
        ("behaviour=vmexit-ipi", "icr/avic/write", "tpr/avic/write"),
        ("behaviour=gp", "id/x2avic/write", "id/avic/write"),
        ("behaviour=vmexit-trap", "id/x2avic/write", "isr/x2avic/write"),
        ("behaviour=absent", "self-ipi/avic/read", "self-ipi/x2avic/read"),
        ("erratum=any", "lvt-timer/x2avic/write", "lvt-timer/avic/read"),
        ("erratum=x2avic-lvtt-bit18-gp", "lvt-timer/x2avic/write", "icr/avic/write"),
        ("only=disagreements", "ldr/x2avic/write", "ldr/avic/write"),
        ("q=ldr", "ldr/avic/read", "tpr/avic/read"),
        ("q=LDR", "ldr/avic/read", "tpr/avic/read"),
        ("q=APIC_TASKPRI", "tpr/avic/read", "ldr/avic/read"),
        ("q=80dh", "ldr/x2avic/read", "tpr/x2avic/read"),
        ("q=80dh+logical", "ldr/x2avic/read", "dfr/x2avic/read"),
        ("q=genoa", "icr/avic/write", "icr/avic/read"),
        ("q=jimenez", "eoi/x2avic/write", "eoi/avic/read"),
    ],
)
def test_a_filter_shows_what_it_names_and_nothing_else(query, in_, out, shown):
    found = shown(query)
    assert in_ in found
    assert out not in found


@pytest.mark.parametrize("query", ["", "sort=-name", "mode=avic,x2avic", "access=read,write"])
def test_a_filter_that_names_nothing_or_everything_shows_every_cell(query, shown, views):
    assert {str(key) for key in views} == shown(query)


@pytest.mark.parametrize(
    "query", ["verdict=masked", "evidence=measured&q=ldr+zzz", "q=no+such+words"]
)
def test_a_filter_may_show_nothing(query, shown):
    assert not shown(query)


CELL_KEYS = ("mode", "access", "group", "behaviour", "verdict", "evidence", "erratum")


@law
@given(data=st.data(), key=st.sampled_from(CELL_KEYS))
def test_values_of_one_key_are_alternatives(data, key, shown, vocabulary):
    values = st.sampled_from(list(vocabulary.values[key]))
    one, other = data.draw(values), data.draw(values)
    together = shown(f"{key}={one},{other}")
    assert together == shown(f"{key}={one}") | shown(f"{key}={other}")


@law
@given(data=st.data(), keys=st.permutations(CELL_KEYS))
def test_keys_add_up(data, keys, shown, vocabulary):
    parts = [f"{k}={data.draw(st.sampled_from(list(vocabulary.values[k])))}" for k in keys[:2]]
    assert shown("&".join(parts)) == shown(parts[0]) & shown(parts[1])


@pytest.mark.parametrize("key", ["mode", "access", "verdict"])
def test_every_cell_has_a_value_of(key, shown, views, vocabulary):
    found = [shown(f"{key}={value}") for value in vocabulary.values[key]]
    assert {str(k) for k in views} == set().union(*found)


def test_every_register_but_none_twice_belongs_to_a_group_that_is_offered(shown, views, vocabulary):
    found = [shown(f"group={value}") for value in vocabulary.values["group"]]
    assert {str(k) for k in views} == set().union(*found)


def test_a_family_narrows_what_its_verdict_means(shown, vocabulary):
    for verdict in (v for v in vocabulary.values["verdict"] if v != "unmeasured"):
        families = vocabulary.values["family"]
        found = [shown(f"verdict={verdict}&family={family}") for family in families]
        assert shown(f"verdict={verdict}") == set().union(*found)


def test_the_words_of_a_search_are_looked_for_one_by_one(shown):
    assert shown("q=register+priority") == shown("q=register") & shown("q=priority")


def rows_of(views):
    """Return cells by register."""
    slugs = dict.fromkeys(key.register for key in views)
    return {slug: [v for k, v in views.items() if k.register == slug] for slug in slugs}


def measures(views, sort, slug):
    """Return what a sort compares of one register."""
    cells = [view for key, view in views.items() if key.register == slug]
    register = cells[0].register
    match sort:
        case "order":
            return register.order
        case "name":
            return register.name.lower()
        case "msr":
            return min(span.first for span in register.msr_spans)
        case "verdict":
            return min(WORST_FIRST.index(cell.verdict) for cell in cells)
        case _:
            return -sum(judgement.reports for c in cells for judgement in c.judgements.values())


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("sort", ["order", "name", "msr", "verdict", "reports"])
def test_rows_stand_in_the_asked_order_and_ties_in_that_of_the_manual(
    sort, backwards, views, knowledge
):
    order = sort_registers(rows_of(views), f"-{sort}" if backwards else sort)
    assert sorted(order) == sorted(knowledge.registers)
    measured = [measures(views, sort, slug) for slug in order]
    assert measured == sorted(measured, reverse=backwards)
    places = [
        (value, knowledge.registers[s].order) for value, s in zip(measured, order, strict=True)
    ]
    ties = [(a[1], b[1]) for a, b in pairwise(places) if a[0] == b[0]]
    assert all(first < second for first, second in ties)


def test_only_registers_that_are_shown_are_sorted(views):
    some = {key: view for key, view in views.items() if key.register in ("tpr", "id", "icr")}
    assert [*sort_registers(rows_of(some), "-order")] == ["icr", "tpr", "id"]
