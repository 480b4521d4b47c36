"""A word that lacks one of its own words cannot be made."""

from pathlib import Path

import pytest

from app.core import words as words_module
from app.core.choices import slug_of
from app.core.words import Behaviour, DifferenceState, Evidence, Printed, Sight, Verdict
from app.intake.format1 import OUTCOMES, json_schema

WORDS = (Behaviour, Verdict, Printed, Evidence, DifferenceState)


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
def test_every_member_says_what_it_means(words):
    for member in words:
        assert member.meaning.endswith((".", "!"))
        assert member == words(str(member))


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
def test_a_member_without_its_words_stops_the_import(words):
    source = Path(words_module.__file__).read_text("utf-8")
    first = next(iter(words)).name
    place = source.index(f"    {first} = ", source.index(f"class {words.__name__}("))
    broken = f'{source[:place]}    BARE = "bare"\n{source[place:]}'
    with pytest.raises(TypeError, match="bare: 0 words, expected"):
        exec(compile(broken, "words.py", "exec"), {"__name__": "broken"})


def test_what_a_measurement_may_report_comes_from_the_behaviours():
    reportable = [b for b in Behaviour if b.sight is not Sight.NOBODY]
    assert reportable == list(OUTCOMES)
    listed = json_schema()["$defs"]["ObservationPart"]["properties"]["outcome"]["enum"]
    assert [str(b) for b in reportable] == listed


def test_short_forms_fit_their_columns():
    assert all(len(b.short) <= 8 and b.short.isascii() for b in Behaviour)
    assert all(len(v.mark) == 1 for v in Verdict)


def test_no_two_words_are_called_alike():
    labels = [w.label for kind in (Behaviour, Verdict, Printed, DifferenceState) for w in kind]
    assert len(labels) == len({*labels})
    # A word that is called what another one is by its slug would be taken for it in an address.
    for kind in (Verdict, Printed, DifferenceState):
        named = {slug_of(w.label.replace(" ", "-"), {str(v): v.label for v in kind}) for w in kind}
        assert {*map(str, kind)} == named


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ("unmeasured", "unmeasured"),
        ("not-measured", "unmeasured"),
        ("Not measured", "unmeasured"),
        ("table-wrong", "explained"),
        ("table wrong or incomplete", "explained"),
        ("manual-silent", "settles"),
        ("not-printed", "not-printed"),
        ("table-silent", "not-printed"),
        ("wrong", "wrong"),
        ("", ""),
    ],
)
def test_a_value_is_known_by_its_slug_and_by_what_readers_call_it(asked, slug):
    assert slug == slug_of(asked, {str(v): v.label for v in Verdict})


def test_an_unknown_word_is_a_value_error():
    with pytest.raises(ValueError, match="alowed"):
        Behaviour("alowed")
