"""The language of ``/search``: from text to a query, or to what is wrong and where."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from app.core.choices import LONGEST, SHOWN, slug_of
from app.core.filters import CellVocabulary
from app.errors import InvalidQuery
from app.search.model import CELL, KIND_KEY, Keys, Query, Term, query_keys, tidy

# How many faults of one query a suggestion mends.
REPAIRS = 4
# Long lists are named by their near miss, not in full.
_LISTED = 12
_NAMES = {"": "the end of the query", ",": "a comma", '"': "a quote", " ": "a space"}


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("search.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr")


def parse(text: str, vocabulary: CellVocabulary) -> Query:
    """Read a query.

    Raises InvalidQuery with the position in ``tidy(text)``, what was found there, what was
    expected, and queries that would do where any is near.
    """
    keys = query_keys(vocabulary)
    try:
        return _read(tidy(text), keys)
    except InvalidQuery as error:
        repaired = (_repair(hint, keys) for hint in error.hints)
        hints = tuple(dict.fromkeys(hint for hint in repaired if hint))
        raise InvalidQuery(error.text, error.where, error.found, error.expected, hints) from None


def _repair(text: str, keys: Keys) -> str:
    """Return a suggestion that can be read, mending what else is wrong; empty when none can."""
    for _ in range(REPAIRS):
        try:
            return str(_read(text, keys))
        except InvalidQuery as error:
            if not error.hints:
                break
            text = error.hints[0]
    return ""


def _read(text: str, keys: Keys) -> Query:
    if len(text) > LONGEST:
        found, shown = f"{len(text)} characters", text[: LONGEST + SHOWN]
        raise InvalidQuery(shown, (LONGEST, len(shown)), found, f"at most {LONGEST}")
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _explain(text, error) from None
    return _Reader(text, keys).read(tree)


class _Reader:
    """Turns a tree into a query; knows the text, so that every problem has its place."""

    def __init__(self, text: str, keys: Keys) -> None:
        self._text = text
        self._keys = keys
        self._chosen: dict[str, list[str]] = {}
        self._terms: list[Term] = []
        self._other_kind: Token | None = None

    def read(self, tree: Tree[Token]) -> Query:
        """Return the query; choices in the filter's order, terms as they came."""
        for item in tree.find_data("item"):
            minus: Token | None = None
            for child in item.children:
                if isinstance(child, Tree):
                    self._choice(minus, [t for t in child.children if isinstance(t, Token)])
                elif child.type == "MINUS":
                    minus = child
                else:
                    self._term(child, negated=minus is not None)
        keys = [key for key in self._chosen if key != KIND_KEY]
        if keys and (kind := self._other_kind):
            expected = f"{KIND_KEY}:{CELL} or no kind at all, since {keys[0]} chooses cells"
            found = f"{KIND_KEY}:{kind} beside {keys[0]}"
            raise self._fault(_span(kind), found, expected, self._swap(kind, CELL))
        choices = tuple(
            (key, tuple(value for value in known if value in self._chosen[key]))
            for key, known in self._keys.items()
            if key in self._chosen
        )
        # A word said twice stays: a sentence that is pasted must still be that sentence.
        return Query(choices, tuple(self._terms))

    def _term(self, token: Token, *, negated: bool) -> None:
        key = token.removesuffix(":").lower()
        if token.endswith(":") and token.type == "WORD" and key in self._keys:
            end = _span(token)[1]
            near = self._swap(token, f"{key}:{next(iter(self._keys[key]))}")
            raise self._fault((end, end + 1), "no value", self._values(key), near)
        phrase = token.type == "PHRASE"
        words = " ".join(token.strip('"').split()) if phrase else str(token)
        self._terms.append(Term(words, phrase=phrase, negated=negated))

    def _choice(self, minus: Token | None, tokens: list[Token]) -> None:
        name, *values = tokens
        key = name.removesuffix(":").lower()
        end = _span(values[-1])[1]
        if key not in self._keys:
            raise self._unknown_key(name, end)
        if minus:
            start = _span(minus)[0]
            expected = "a word or a phrase after the minus; of a key, name the values you want"
            found = repr(self._text[start:end])
            raise self._fault((start, end), found, expected, self._swap(minus, ""))
        for value in values:
            chosen = slug_of(value.lower(), self._keys[key])
            if chosen not in self._keys[key]:
                near = get_close_matches(value.lower(), self._keys[key], 1, 0.3)
                offers = (self._swap(value, word) for word in near)
                raise self._fault(_span(value), repr(str(value)), self._values(key), *offers)
            self._chosen.setdefault(key, []).append(chosen)
            if key == KIND_KEY and chosen != CELL:
                self._other_kind = value

    def _unknown_key(self, name: Token, end: int) -> InvalidQuery:
        start = _span(name)[0]
        near = get_close_matches(name.removesuffix(":").lower(), self._keys, 1, 0.5)
        # A colon in a text that was pasted is no key: quoted, it is looked for as it is.
        quoted = f'{self._text[:start]}"{self._text[start:end]}"{self._text[end:]}'
        offers = (*(self._swap(name, f"{key}:") for key in near), quoted)
        expected = f"a key ({', '.join(self._keys)}), or quotes around text that holds a colon"
        return self._fault(_span(name), repr(str(name)), expected, *offers)

    def _fault(
        self, where: tuple[int, int], found: str, expected: str, *offers: str
    ) -> InvalidQuery:
        return InvalidQuery(self._text, where, found, expected, offers)

    def _values(self, key: str) -> str:
        listed = tuple(self._keys[key])
        if len(listed) > _LISTED:
            return f"a value of {key} such as {listed[0]} or {listed[1]}"
        return f"a value of {key}: {', '.join(listed)}"

    def _swap(self, token: Token, word: str) -> str:
        start, end = _span(token)
        return self._text[:start] + word + self._text[end:]


def _span(token: Token) -> tuple[int, int]:
    start = token.start_pos or 0
    return start, start + len(token)


def _explain(text: str, error: UnexpectedInput) -> InvalidQuery:
    """Return what stops the parser in the words of whoever typed it."""
    start, allowed = len(text), set[str]()
    match error:
        case UnexpectedToken(token=token):
            start = len(text) if token.type == "$END" else _span(token)[0]
            allowed = error.accepts or error.expected
        case UnexpectedCharacters():
            start, allowed = error.pos_in_stream or 0, error.allowed or set()
    found = text[start : start + 1]
    where = (start, start + 1)
    if "VALUE" in allowed:
        rest = text[start:].lstrip(', "').replace('"', "", 1)
        near = [f"{text[:start]}{rest}"]
        if text[:start].endswith(","):
            # The comma may be the slip, and a word follow.
            near.append(f"{text[: start - 1]} {rest}".strip())
        expected = "a value, without spaces and quotes"
        return InvalidQuery(text, where, _NAMES.get(found, repr(found)), expected, tuple(near))
    # Words take everything else, so this is a quote: without its pair, or with nothing inside.
    if '"' in text[start + 1 :]:
        end = text.index('"', start + 1) + 1
        rest = tidy(text[:start].removesuffix("-") + text[end:])
        return InvalidQuery(
            text, (start, end), "empty quotes", "words in them", _if_any_words(rest)
        )
    return InvalidQuery(text, where, "an opening quote", "a closing one", _if_any_words(f'{text}"'))


def _if_any_words(text: str) -> tuple[str, ...]:
    return (text,) if text.strip('"') else ()
