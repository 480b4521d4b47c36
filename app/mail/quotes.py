"""A quoted block held against what was said: which line was said, which one never was.

Mail programs wrap, fold and indent, so text is compared without any white space: a line
was said when its characters stand in the block in one piece, in the block's order.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import accumulate, pairwise
from operator import itemgetter

from app.core.words import OWN_ORDER, DifferenceState, Verdict
from app.pens.plain import to_ascii

# A line as short as "1" stands everywhere: it counts where it goes on, or ends a line.
SHORT = 10
# Fewer characters than these are no block, only words that happen to be the same.
LEAST = 16
OCCURRENCES = 32
# What stands before each line where a block was put into a comment, a patch or an old quote, and
# how a link is named before its address.
MARK = re.compile(r"\s*(\+?\s*(?:\*|#+|//+|\||;+|%+|:+|[\xbb\u203a\uff1e]|\w{1,4}>)|\+)\s*")
# What stands there where lines are counted (cat -n, grep -n), and in the log of a chat.
COUNTED = re.compile(
    r"\s*((?:[\w./-]+:)?\d+[:-]?|\[?\d\d?:\d\d(?::\d\d)?\]?\s*<[\w.|-]+>)\s*", re.IGNORECASE
)
# What forums put around a quote.
FORUM = re.compile(r"\[/?(?:quote|code|pre)(?:=[^\]\n]*)?\]", re.IGNORECASE)
NAMED = re.compile(r"(?:\[[^\]]*\]\(|`[^`<]*<)$")
# How much of an edited line is still the line that was there.
ALIKE = 0.6
# How many lines above a block are held against the lines that it lacks, and how many of these.
LEAD = 12
# What blocks called it before and what they call it now, without blanks: their lines still hold.
NOW_CALLED = (
    ("Whatrules", "".join(OWN_ORDER.split())),
    ("nothingthatisdocumented", "nothingthatitstates"),
    ("documented", "".join(DifferenceState.DOCUMENTED.label.split())),
    ("disputed", "".join(Verdict.DISPUTED.label.split())),
)


class Standing(StrEnum):
    """What becomes of a line, or of a link, in a mail."""

    UNCHANGED = "unchanged"
    CHANGED = "changed since"
    NEVER = "never said that"
    MISSING = "no such page"
    TODAY = "as it is today"
    OTHER = "not compared"
    FOREIGN = "not ours"


WRONG = frozenset({Standing.CHANGED, Standing.NEVER, Standing.MISSING})


@dataclass(frozen=True)
class QuotedPiece:
    """A line of a mail, or a part of one; ``bare`` has no white space, empty for a blank line.

    ``lead`` when it stands before the block's link in its line: ``see``, if it is no line of it.
    """

    index: int
    depth: int
    text: str
    bare: str
    lead: bool = False


@dataclass(frozen=True)
class Placed:
    """A piece that belongs to a block, or stands inside it.

    ``first`` and ``last`` are the lines of the block that it repeats or replaces (``last``
    not included); ``cut`` when it repeats only a part of them.
    """

    piece: QuotedPiece
    standing: Standing
    first: int = 0
    last: int = 0
    cut: bool = False


class Block:
    """What was said, without white space, and where its lines begin in one long text."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.text = "".join(lines)
        self.edges = list(accumulate(map(len, lines), initial=0))

    def is_edge(self, at: int) -> bool:
        """Whether a line begins or ends there."""
        return self.edges[bisect_left(self.edges, at)] == at

    def lines_of(self, start: int, end: int) -> tuple[int, int]:
        """Return the lines that a stretch touches, the second not included."""
        if end <= start:
            return 0, 0
        return bisect_right(self.edges, start) - 1, bisect_left(self.edges, end)


Match = tuple[int, int]


def as_compared(text: str) -> str:
    """Return a line as it is compared: without blanks, and with the words of today."""
    bare = "".join(to_ascii(FORUM.sub("", text)).split())
    for old, new in NOW_CALLED:
        bare = bare.replace(old, new)
    return bare


def mark_before(text: str) -> re.Pattern[str]:
    """Return what the mark that ``text`` before a link is looks like, nothing if it is none.

    Numbers differ from line to line: of lines that are counted, and of hours.
    """
    found = MARK.fullmatch(text) or COUNTED.fullmatch(text)
    mark = found[1].strip() if found else ""
    ways = {"d": r"\d+", "s": r"\s+"}
    parts = re.findall(r"(?P<d>\d+)|(?P<s>\s+)|([^\d\s]+)", mark)
    alike = (ways["d" if d else "s"] if d or s else re.escape(other) for d, s, other in parts)
    behind = r"(?=\s|$)" if mark[-1:].isdigit() else ""
    return re.compile(r"\A\s*" + "".join(alike) + behind)


def align(pieces: Sequence[QuotedPiece], lines: Sequence[str], depth: int) -> tuple[Placed, ...]:
    """Return the pieces of a mail that repeat ``lines``, with those that stand among them.

    ``pieces`` are what stands above the block's link, ``depth`` is how deeply that is quoted;
    ``lines`` have no white space. Empty when the mail does not repeat the block.
    """
    block = Block(lines)
    found = _match(pieces, block)
    if sum(end - start for start, end in found.values()) < min(LEAST, len(block.text)):
        found = {}
    placed = dict(_unmatched(pieces, block, found, depth))
    placed |= dict(_matched(pieces, block, found, placed, depth))
    ours = [k for k in placed if placed[k].standing is not Standing.FOREIGN]
    return tuple(placed[k] for k in sorted(placed) if k >= min(ours)) if ours else ()


def _match(pieces: Sequence[QuotedPiece], block: Block) -> dict[int, Match]:
    """Return the longest chain of pieces that stand in the block in its order."""
    # Score and last node of the best chain that ends at a place, and of the best up to it.
    ends: dict[int, tuple[int, int]] = {}
    best = [(0, -1)] * (len(block.text) + 1)
    nodes: list[tuple[int, Match, int]] = []
    for k, piece in enumerate(pieces):
        fresh = []
        for start, end in _occurrences(piece.bare, block, ends):
            goes_on = start in ends
            # Where the last piece ended, this one goes on: better than anywhere else.
            score, node = max(best[start], ends.get(start, (0, -1)))
            gain = 4 * (end - start) + goes_on + block.is_edge(start) + block.is_edge(end)
            fresh.append((score + gain, (start, end), node))
        for score, match, node in fresh:
            nodes.append((k, match, node))
            end, reached = match[1], (score, len(nodes) - 1)
            if score > ends.get(end, (0, -1))[0]:
                ends[end] = reached
            if score > best[end][0]:
                behind = bisect_right(best, score, end, key=itemgetter(0))
                best[end:behind] = [reached] * (behind - end)
    chain = {}
    last = best[-1][1]
    while last >= 0:
        k, match, last = nodes[last]
        chain[k] = match
    return chain


def _occurrences(bare: str, block: Block, ends: Mapping[int, object]) -> Iterator[Match]:
    """Yield where a piece may stand: where another ended, where a line does, or anywhere."""
    size = len(bare)
    if not size:
        return
    starts = {*ends, *(edge - size for edge in block.edges if edge >= size)}
    at = block.text.find(bare) if size >= SHORT else -1
    for _ in range(OCCURRENCES):
        if at < 0:
            break
        starts.add(at)
        at = block.text.find(bare, at + 1)
    yield from ((at, at + size) for at in sorted(starts) if block.text.startswith(bare, at))


def _matched(
    pieces: Sequence[QuotedPiece],
    block: Block,
    found: Mapping[int, Match],
    placed: Mapping[int, Placed],
    depth: int,
) -> Iterator[tuple[int, Placed]]:
    """Yield the pieces that were said, and those of which only a part was kept."""
    keys = sorted(found)
    accused = {k for k, p in placed.items() if p.standing is Standing.NEVER}
    for above, k, below in zip([-1, *keys], keys, [*keys[1:], len(pieces)], strict=False):
        start, end = found[k]
        joined = above >= 0 and found[above][1] == start
        goes_on = below < len(pieces) and found[below][0] == end
        begins = joined or block.is_edge(start) or accused & set(range(above + 1, k))
        ends = goes_on or block.is_edge(end) or accused & set(range(k + 1, below))
        cut = not (begins and ends)
        if cut and not _attached(pieces, k, depth):
            continue
        standing = Standing.NEVER if cut else Standing.UNCHANGED
        yield k, Placed(pieces[k], standing, *block.lines_of(start, end), cut)


def _attached(pieces: Sequence[QuotedPiece], k: int, depth: int) -> bool:
    """Whether a piece is quoted as its block is; a short one must stand right beside others."""
    beside = [p for p in (*pieces[max(0, k - 1) : k], *pieces[k + 1 : k + 2]) if p.bare]
    near = len(pieces[k].bare) >= SHORT or any(p.depth == depth for p in beside)
    return pieces[k].depth == depth and near


def _unmatched(
    pieces: Sequence[QuotedPiece], block: Block, found: Mapping[int, Match], depth: int
) -> Iterator[tuple[int, Placed]]:
    """Yield what stands among the pieces that were said: edited lines, and remarks."""
    keys = sorted(found)
    edges = [-1, *keys, len(pieces)]
    for above, below in pairwise(edges):
        start = found[above][1] if above >= 0 else 0
        end = found[below][0] if below < len(pieces) else len(block.text)
        gap = [k for k in range(above + 1, below) if pieces[k].bare]
        left = list(range(*block.lines_of(start, end)))
        if above < 0:
            gap, left = gap[-LEAD:], left[-LEAD:]
        for k in gap:
            edited, inside = pieces[k].depth == depth, above >= 0 and not pieces[k].lead
            near = _nearest(pieces[k].bare, block, left) if edited else -1
            held = edited and inside and _held(pieces, k, above, below, gone=end > start)
            if near >= 0:
                left = [line for line in left if line > near]
                yield k, Placed(pieces[k], Standing.NEVER, near, near + 1)
            elif held:
                instead = (left[0], left[-1] + 1) if left else (0, 0)
                yield k, Placed(pieces[k], Standing.NEVER, *instead)
            elif not pieces[k].lead:
                yield k, Placed(pieces[k], Standing.FOREIGN)


def _held(pieces: Sequence[QuotedPiece], k: int, above: int, below: int, *, gone: bool) -> bool:
    """Whether a line stands in a block as if it were part of it: no gap parts it from others.

    Where lines of the block are gone, one side is enough: it stands in their place.
    """
    depth = pieces[k].depth
    up = all(p.bare and p.depth == depth for p in pieces[above + 1 : k])
    down = all(p.bare and p.depth == depth for p in pieces[k + 1 : below])
    up = up and pieces[above].depth == depth
    down = down and (below == len(pieces) or pieces[below].depth == depth)
    return up or down if gone else up and down


def _nearest(bare: str, block: Block, left: Sequence[int]) -> int:
    """Return the line that a piece is an edited copy of, -1 when it is of none."""
    matcher = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(bare)
    best, near = ALIKE, -1
    for number in left[:LEAD]:
        matcher.set_seq1(block.lines[number])
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            ratio = matcher.ratio()
            best, near = (ratio, number) if ratio > best else (best, near)
    return near


def match_today(
    then: Sequence[str], now: Sequence[str]
) -> tuple[dict[int, Match], tuple[int, ...]]:
    """Return what became of the lines of a block, and which lines are new.

    The first maps each line of ``then`` that is gone to the stretch of ``now`` that stands
    in its place; lines that still stand are not in it.
    """
    gone: dict[int, Match] = {}
    fresh: list[int] = []
    for tag, a, b, c, d in SequenceMatcher(None, then, now, autojunk=False).get_opcodes():
        if tag == "insert":
            fresh += range(c, d)
        elif tag != "equal":
            paired = b - a == d - c
            gone |= {a + i: (c + i, c + i + 1) if paired else (c, d) for i in range(b - a)}
    return gone, tuple(fresh)
