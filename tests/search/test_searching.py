"""What is found, and in which order."""

import gc
import sqlite3
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.knowledge import Knowledge
from app.core.words import State
from app.pages import explore
from app.search import searching
from app.search.index import MARKS, Index
from app.search.model import SearchEntry, Term, tidy
from app.search.search_entries import entries
from app.search.search_text import without_marks
from tests.core.machines import ZEN_4, make_measurement
from tests.search.test_query import attempt

# Query, and what has it as its name: (kind, key).
NAMES = (
    ("icr", ("register", "icr")),
    ("APIC_ICR", ("register", "icr")),
    ("0x830", ("register", "icr")),
    ("830h", ("register", "icr")),
    ("ldr/x2avic/write", ("cell", "ldr/x2avic/write")),
    ("LDR x2AVIC write", ("cell", "ldr/x2avic/write")),
    ("0x80d x2avic WRITE", ("cell", "ldr/x2avic/write")),
    ("https://example.org/r/ldr/x2avic/write?at=2026-11-22.1", ("cell", "ldr/x2avic/write")),
    ("/errata/1235", ("erratum", "1235")),
    ("D-3", ("difference", "3")),
    ("/d/3", ("difference", "3")),
    ("1235", ("erratum", "1235")),
    ("1329", ("erratum", "1327")),
    ("zen-4", ("family", "zen-4")),
    ("hygon", ("family", "hygon-18h")),
    ("interrupt command low", ("register", "icr")),
    ("logical destination", ("register", "ldr")),
    ("Zen 4", ("family", "zen-4")),
    ("kvm-7.2", ("policy", "kvm-7.2")),
    ("ro-write", ("annotation", "ro-write")),
    ("5a7c7d148e48", ("source", "commit-5a7c7d148e48")),
    ("5A7C7D1", ("source", "commit-5a7c7d148e48")),
    ("5a7c7d148e488f43cf9c8e64fa5e1bd715ae0485", ("source", "commit-5a7c7d148e48")),
    ("mail-2026-05-06-v2", ("source", "mail-2026-05-06-v2")),
    ("20220725033428.3699-1-suravee.suthikulpanit@amd.com", ("source", "mail-2022-07-25-lvtt")),
    ("<20220725033428.3699-1-suravee.suthikulpanit@amd.com>", ("source", "mail-2022-07-25-lvtt")),
    ("https://lore.kernel.org/r/20220725033428.3699-1-suravee.suthikulpanit@amd.com",
     ("source", "mail-2022-07-25-lvtt")),
    ("https://lore.kernel.org/kvm/20220725033428.3699-1-suravee.suthikulpanit@amd.com/",
     ("source", "mail-2022-07-25-lvtt")),
)  # fmt: skip

# Query, kind, and the entry that stands first among its kind.
FIRST = (
    ("bit 18", "cell", "lvt-timer/x2avic/write"),
    ("bit 18", "difference", "9"),
    ("bit 18", "erratum", "x2avic-lvtt-bit18-gp"),
    ("icr", "register", "icrh"),
    ("1235", "difference", "18"),
    ("5a7c7d148e48", "annotation", "thread-2026-05-13-icr"),
    ("busy icr", "erratum", "x2avic-icr-busy-mbz"),
    ("doorb", "annotation", "avic-doorbell"),
    ("intercepts writes", "difference", "1"),
    ("Jiménez eoi", "source", "mail-2022-09-03-eoi"),
    ("JIMENEZ eoi", "source", "mail-2022-09-03-eoi"),
    ('commit 5a7c7d148e48 ("KVM: selftests: Play nice with AMD\'s AVIC errata")', "source",
     "commit-5a7c7d148e48"),
)  # fmt: skip


def exact(found):
    return [(hit.kind, hit.key) for hit in found.exact]


def keys(found, kind):
    return [hit.key for group in found.groups if group.kind == kind for hit in group.hits]


@pytest.mark.parametrize(("query", "meant"), NAMES)
def test_a_name_finds_its_own_entry_alone_at_the_top(snapshot, query, meant):
    found = searching.search(snapshot, query)

    assert [meant] == exact(found)
    assert meant[1] not in keys(found, meant[0])


@pytest.mark.parametrize("query", ["add", "0x301", "D-99", "5a7c7d", "bit 18", "//", "-icr", "<>"])
def test_what_is_no_name_has_nothing_exactly(snapshot, query):
    assert [] == exact(searching.search(snapshot, query))


def test_a_member_of_a_vector_leads_to_its_place_in_the_page(snapshot):
    (hit,) = searching.search(snapshot, "0x130").exact

    assert "/r/isr#3" == hit.path
    assert without_marks(hit.title).endswith("member 3")


@pytest.mark.parametrize(("query", "kind", "first"), FIRST)
def test_the_best_of_a_kind_comes_first(snapshot, query, kind, first):
    assert first == keys(searching.search(snapshot, query), kind)[0]


def test_an_excluded_word_is_in_no_result_and_order_does_not_matter(snapshot):
    every = searching.search(snapshot, "kind:annotation cpu interception")
    other = searching.search(snapshot, "kind:annotation interception -cpu")
    alone = searching.search(snapshot, "kind:annotation interception")

    assert {*keys(alone, "annotation")} == {*keys(every, "annotation"), *keys(other, "annotation")}
    assert not {*keys(every, "annotation")} & {*keys(other, "annotation")}


@pytest.mark.parametrize(
    ("words", "annotation"),
    [
        ("x2APIC MSR intercept checks and access checks have", "checks-before-the-table"),
        ("higher priority than AVIC access permission checks", "thread-2026-05-13-question"),
        ("Guest vAPIC Register Access Behavior", "one-column-for-both-modes"),
        ("likely has no hope of ever being enabled", "thread-2026-05-13-icr"),
        ("at best confusing and unintuitive", "interception-fine-but-unintuitive"),
        ("but that wouldn't be guest-visible", "thread-2026-05-13-question"),
        ("LAPIC_MMIO_HOLE", "thread-2026-05-13-mmio-hole"),
    ],
)
def test_what_a_source_says_word_for_word_is_found_by_its_words(snapshot, words, annotation):
    whole = searching.search(snapshot, f"kind:annotation {words}")

    assert annotation in keys(whole, "annotation")
    assert f"kind:annotation {words}" == str(whole.query)


def test_a_phrase_is_narrower_than_its_words(snapshot):
    words = searching.search(snapshot, "kind:cell read only")
    phrase = searching.search(snapshot, 'kind:cell "read only"')

    assert set() < {*keys(phrase, "cell")} < {*keys(words, "cell")}


def test_both_spellings_of_a_number_find_the_same(snapshot):
    found = [searching.search(snapshot, f"kind:difference {n}") for n in ("0x80e", "80Eh", "80eh")]

    assert keys(found[0], "difference")
    assert 1 == len({tuple(keys(f, "difference")) for f in found})


def test_groups_are_bounded_counted_and_lead_to_the_rest(snapshot):
    found = searching.search(snapshot, "avic")
    for group in found.groups:
        whole = searching.search(snapshot, group.rest)

        assert len(group.hits) <= searching.FEW
        assert group.total == whole.groups[0].total
        assert [h.key for h in group.hits] == keys(whole, group.kind)[: len(group.hits)]
        assert len(whole.groups[0].hits) == min(group.total, searching.MANY)


def test_words_that_were_looked_for_are_marked_and_nothing_else_is_left_of_the_marks(snapshot):
    found = searching.search(snapshot, "doorbell")
    parts = [p for g in found.groups for h in g.hits for p in (*h.title, *h.snippet)]

    assert {"doorbell"} == {text.lower().rstrip("s") for text, marked in parts if marked}
    assert not any(mark in text for text, _ in parts for mark in MARKS)


@pytest.mark.parametrize(
    "query",
    [
        "mode:x2avic access:write verdict:explained",
        "family:zen-4 verdict:explained,contradicts",
        "mode:x2avic ldr",
        "erratum:any q",
        "only:disagreements erratum 1235",
        "behaviour:gp evidence:observed",
        "policy:kvm-7.2 group:ipi",
    ],
)
def test_keys_choose_the_cells_that_the_table_shows_and_link_it(snapshot, query):
    found = searching.search(snapshot, query)
    pairs = [tuple(part.split(":")) for part in query.split() if ":" in part]
    words = " ".join(part for part in query.split() if ":" not in part)
    wanted = snapshot.vocabulary.read([*pairs, ("q", words)])
    table = explore.filter_table(snapshot, wanted)

    assert {str(key) for key in table.cells} == {*keys(found, "cell")}
    assert (table.path, len(table.cells), True) == (
        found.table.path, found.table.cells, found.table.same
    )  # fmt: skip


def test_what_the_table_cannot_say_links_the_keys_alone_and_says_so(snapshot):
    found = searching.search(snapshot, "mode:x2avic 0x830")

    assert ["icr/x2avic/read", "icr/x2avic/write"] == keys(found, "cell")
    assert ("/?mode=x2avic", False) == (found.table.path, found.table.same)


def test_a_named_register_stands_before_those_that_mention_it(snapshot):
    found = searching.search(snapshot, "mode:avic icr")

    assert ["icr/avic/read", "icr/avic/write"] == keys(found, "cell")[:2]
    assert len(keys(found, "cell")) > 2


@pytest.mark.parametrize("query", [query for query, _ in searching.EXAMPLES])
def test_every_example_finds_something(snapshot, query):
    found = searching.search(snapshot, query)

    assert found.total
    assert query == str(found.query)


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("intreception", "interception"),
        ("ldrr", "ldr"),
        ("zne 4", "zen 4"),
        ("doorbell nosuchword", "doorbell"),
        ("mode:avic eoi nosuchword", "mode:avic eoi"),
        ("mode:avic kind:cell nosuchword", "kind:cell mode:avic"),
    ],
)
def test_without_a_result_near_queries_are_offered_that_have_one(snapshot, query, offered):
    found = searching.search(snapshot, query)

    assert 0 == found.total
    assert sorted(offered.split()) in [sorted(near.split()) for near in found.near]
    assert all(searching.search(snapshot, near).total for near in found.near)


@given(
    text=st.one_of(st.text(max_size=40), st.text("icr \"'*-+^:(){}[]NEAR,ORAND\\\x00", max_size=20))
)
@example(text='NEAR("icr" 2)')
@example(text="icr OR")
@example(text="title : icr")
@example(text="x" * 200)
@example(text="x " * 100)
@example(text="\U0001e900 \u0345 \u00bd")
def test_no_text_whatever_makes_a_search_fail(snapshot, text):
    found, fault = attempt(searching.search, snapshot, text)

    assert fault or tidy(str(found.query)) == str(found.query)
    assert fault or all(hit.path.startswith("/") for hit in found.exact)


@given(words=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5))
def test_what_an_entry_holds_finds_it(words):
    text = unicodedata.normalize("NFC", " ".join(words))
    index = Index(
        [
            SearchEntry("source", "a", "/a", "", "", text),
            SearchEntry("source", "b", "/b", "", "", ""),
        ]
    )
    asked = [Term(word) for word in text.split() if word.isascii() and word.isalnum()]

    if asked:
        assert ["a"] == [hit.key for hit in index.best(asked, "source", 9)]


def answers(index, terms):
    return index.count(terms), index.best(terms, "annotation", 5)


def test_an_index_serves_many_threads_alike_and_is_closed_when_it_is_let_go(snapshot):
    index = Index(searching.index_of(snapshot).entries)
    asked = [(Term(word),) for word in ("icr", "avic", "doorbell", "gp", "erratum", "zen")] * 8
    alone = [answers(index, terms) for terms in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(answers, [index] * len(asked), asked))
    connection = index._connection
    del index
    gc.collect()

    assert alone == together
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        connection.execute("SELECT 1")


def test_threads_that_share_a_snapshot_are_answered_alike_from_the_first_search_on(snapshot):
    fresh = replace(snapshot)
    vars(fresh)["cells"] = snapshot.cells
    queries = [query for query, _ in searching.EXAMPLES] * 3
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(searching.search, [fresh] * len(queries), queries))

    assert [searching.search(snapshot, query) for query in queries] == together


def test_a_measurement_is_found_by_its_names_and_words_and_never_by_a_contact():
    cpu = replace(ZEN_4, brand="EPYC zebra")
    told = {"contact": "giraffe@example.org", "notes": "seen by an okapi <b>at night</b>"}
    sent = make_measurement(state=State.PENDING, cpu=cpu, **told)
    index = Index(entries(Knowledge.of([]), {}, [sent]))

    for word, count in (("zebra", 1), ("okapi", 1), ("giraffe", 0)):
        assert count == len(index.best([Term(word)], "measurement", 5))
    assert index.entries[0].title.endswith("(pending)")
