"""What a guest sees of one cell, half by half: in words, as fields, as rows and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from app.core.citations import cite_claim
from app.core.emulated import EmulatedAnswer
from app.core.facts import Observation
from app.core.guest import Case, Half, Silicon, seen_of
from app.core.guest_words import Sameness, Sees
from app.core.hypervisors import Version, name_versions
from app.core.knowledge import Knowledge
from app.core.rulings import Conditions
from app.core.words import Mode, Scope
from app.pages.emulation_text import notes_of
from app.pages.guest_view import GuestLine
from app.pens import phrases
from app.pens.lines import Linked, Pieces, Sourced, Styled, full_address, join_lines
from app.pens.parts import Field, Para, Passage, Record, Section
from app.pens.tables import column_names

# How many conditions of a line are named in a narrow column.
TAGS = 2
OTHERWISE = "otherwise"
BY_MANUAL = {"documented": "manual", "implied": "implied"}
COLUMNS = column_names(
    "cell condition family silicon_sees silicon_grade hypervisor release emulation emulation_sees "
    "policy answers inferred guest_sees same url"
)
SEEN = "Somebody saw it on silicon."
UNSEEN = "Nobody is known to have run it on silicon: that half is only said."
AVIC = "no MSR to intercept: silicon answers with AVIC on, the emulation with AVIC off"


def sees_line(sees: Iterable[Sees], empty: str = "not known") -> str:
    """``completes or #GP``."""
    return " or ".join(word.label for word in sees) or empty


def condition_tags(line: GuestLine, conditions: Conditions) -> tuple[str, ...]:
    """Return the conditions of a line as tags; none where it holds for all of them."""
    names = [case.condition for case in line.cases]
    if line.whole:
        return ()
    if "" in names:
        return (OTHERWISE,)
    tags = [_tag(name, conditions) for name in names]
    more = len(tags) - TAGS
    return (*tags[:TAGS], f"{more} more") if more > 1 else tuple(tags)


def narrow_sees(sees: Iterable[Sees], empty: str) -> Pieces:
    """Return the same for a narrow column, where it may go on in the next line."""
    shown = ((Styled(word.label, f"sees-{word}"),) for word in sees)
    return join_lines(shown, " or ") or (empty,)


def _tag(name: str, conditions: Conditions) -> str:
    return conditions.tag(name) if name in conditions else name.replace("-", " ")


def silicon_grades(line: GuestLine) -> tuple[str, ...]:
    """``observed, group``, ``manual``: what the half of silicon rests on, with its limits."""
    found = (_grade(case.silicon) for case in line.cases if case.silicon.grade)
    return tuple(dict.fromkeys(found)) or ("nobody says",)


def _grade(silicon: Silicon) -> str:
    reports = [one for one in silicon.observations if str(one.evidence) == silicon.grade]
    group = [str(Scope.GROUP)] * all(one.scope is Scope.GROUP for one in reports) * bool(reports)
    hedges = dict.fromkeys(one.hedge for one in reports)
    hedged = [f'"{hedge}"' for hedge in hedges] * all(hedges)
    ours = ["inference in part"] * bool(reports) * all(one.inference for one in reports)
    return ", ".join((BY_MANUAL.get(silicon.grade, silicon.grade), *group, *hedged, *ours))


def group_halves(halves: Iterable[Half]) -> tuple[tuple[Half, ...], ...]:
    """Return versions together of which the same is to be said."""
    found: dict[object, list[Half]] = {}
    for half in halves:
        policy = str(half.version.policy)
        mine = half.version.hypervisor
        kind = (mine, half.sees, half.who, half.inferred, policy, half.same, half.guest)
        found.setdefault(kind, []).append(half)
    return tuple(map(tuple, found.values()))


def both_halves(lines: Iterable[GuestLine], knowledge: Knowledge, family: str) -> Iterator[Passage]:
    """Yield both halves of a cell with their evidence, and whether a guest can tell them apart."""
    for line in lines:
        names = [case.condition for case in line.cases]
        said = "; or ".join(map(knowledge.conditions.text, names))
        parts: list[Passage] = [*_fields(line, knowledge, family)]
        if line.whole:
            yield from parts
        else:
            yield Record(f"When {said}" if all(names) else "Otherwise", level=3).holding(*parts)


def halves_line(line: GuestLine, told: str = "") -> str:
    """``silicon: #GP (observed); emulated by KVM 6.12.117 and KVM 7.2.13: #GP; same``.

    The versions are not named where they are those of ``told``.
    """
    found: dict[tuple[str, str], list[Version]] = {}
    for half in line.case.halves:
        kind = (half.version.hypervisor, sees_line(half.sees, "not measured"))
        found.setdefault(kind, []).append(half.version)
    named = [(name_versions(mine), said) for (_, said), mine in found.items()]
    emulated = (f"emulated{f' by {v}' * (v != told)}: {said}" for v, said in named)
    silicon = f"silicon: {sees_line(line.case.silicon.sees)} ({', '.join(silicon_grades(line))})"
    parts = (silicon, *emulated, line.case.same.label)
    # A sentence speaks of one hypervisor.
    alone = len({hypervisor for hypervisor, _ in found}) < 2  # noqa: PLR2004
    return "; ".join(parts) if alone else ". ".join(part[:1].upper() + part[1:] for part in parts)


def halves_section(lines: Iterable[GuestLine], conditions: Conditions) -> Section:
    """Return both halves of a cell as its own page shows them, a line for what is alike."""
    shown = tuple(lines)
    where = [full_address(f"/guest?cell={line.cell.key}") for line in shown[:1]]
    evidence = [Para(("Each half with its evidence: ", address)) for address in where]
    return Section("What a guest sees, with and without interception", "guest").holding(
        *(
            Field(", ".join(condition_tags(line, conditions)) or "In every case", halves_line(line))
            for line in shown
        ),
        *evidence,
    )


def _fields(line: GuestLine, knowledge: Knowledge, family: str) -> Iterator[Field]:
    case = line.case
    on = knowledge.families[family].name if family else ""
    sees = Styled(sees_line(case.silicon.sees), tag="b")
    yield Field(f"Silicon, {on}" if on else "Silicon", (sees, "; ", *_grounds(line, knowledge)))
    for halves in group_halves(case.halves):
        yield Field(
            name_versions(half.version for half in halves),
            (*_emulated(halves), "; ", *_policy(halves, line)),
        )
    yield Field("Same?", (Styled(case.same.label, f"same-{case.same}", "b"), f". {_why(line)}"))


def _grounds(line: GuestLine, knowledge: Knowledge) -> Pieces:
    """Return what silicon's half rests on: who saw it, else where the manual says it."""
    seen: dict[tuple[str, str, str], list[Observation]] = {}
    for one in (o for case in line.cases for o in case.silicon.observations):
        seen.setdefault((one.graded, one.family, one.condition), []).append(one)
    found: list[Pieces] = [
        (
            f"{knowledge.families[family].name}: {grade} ",
            Sourced(tuple(dict.fromkeys(name for one in mine for name in one.sources))),
        )
        for (grade, family, _), mine in seen.items()
    ]
    claims = dict.fromkeys(c for case in line.cases for c in case.silicon.claims)
    for claim in claims:
        cite = cite_claim(claim, knowledge.sources, knowledge.documents)
        said = f"the manual: {phrases.branch_slugs(claim)}, {claim.graded}; {cite} "
        found.append((said, Sourced((claim.source,))))
    return join_lines(found, "; ") or ("nobody saw it and the manual does not say",)


def _emulated(halves: tuple[Half, ...]) -> Pieces:
    half = halves[0]
    if not half.sees:
        return ("its emulation: ", Styled("not measured", tag="b"))
    documents = dict.fromkeys(name for h in halves for a in h.answers for name in a.documents)
    flavours = dict.fromkeys(h.version.apic.emulation.title for h in halves if h.version.apic)
    shown = join_lines(((full_address(f"/m/{name}"),) for name in documents), " ")
    split = f" ({_split(half.answers)})" if len(half.sees) > 1 else ""
    measured = f"; measured on {', '.join(flavours)}: "
    return ("emulated: ", Styled(sees_line(half.sees), tag="b"), split, measured, *shown)


def _split(answers: tuple[EmulatedAnswer, ...]) -> str:
    """Return which values met which of several outcomes."""
    found: dict[str, EmulatedAnswer] = {}
    for answer in answers:
        word = seen_of(answer).label
        before = found[word].seen if word in found else ()
        found[word] = replace(answer, seen=(*before, *answer.seen))
    return "; ".join(f"{word}: {', '.join(notes_of(answer))}" for word, answer in found.items())


def _policy(halves: tuple[Half, ...], line: GuestLine) -> Pieces:
    half = halves[0]
    if line.cell.key.mode is Mode.AVIC:
        return (AVIC,)
    answer, ends = half.version.policy, f"; the guest sees {sees_line(half.guest)}"
    if answer.policy:
        by = Linked(answer.policy.slug, f"/policy/{answer.policy.slug}")
        return (f"{half.who.label} (policy ", by, f"){ends}")
    inferred = "inference: so does every policy on record; " if half.inferred else ""
    return (f"{half.who.label} ({inferred}its policy is {answer}){ends}",)


def _why(line: GuestLine) -> str:
    case = line.case
    if case.same is Sameness.SAME and Sees.EXITS in case.silicon.sees:
        return (
            "An access that is let through exits before it is done, so that the emulation "
            "answers either way (inference, from the policies on record)."
        )
    if case.same is Sameness.NOT_KNOWN:
        return case.same.meaning
    return SEEN if line.seen else UNSEEN


def case_rows(line: GuestLine, family: str, site: str) -> Iterator[tuple[str, ...]]:
    """Yield each case of a line under each version as a row of a table."""
    for case in line.cases:
        for half in case.halves:
            row = {
                **half_data(half),
                "cell": str(case.cell.key),
                "condition": case.condition,
                "family": family,
                "silicon_sees": " ".join(case.silicon.sees),
                "silicon_grade": case.silicon.grade,
                "emulation_sees": " ".join(half.sees),
                "inferred": "yes" if half.inferred else "",
                "guest_sees": " ".join(half.guest),
                "url": f"{site}{case.cell.key.url}",
            }
            yield tuple(row[column] for column in COLUMNS)


def half_data(half: Half) -> dict[str, Any]:
    """Return what is known of a version's half as JSON data."""
    version = half.version
    return {
        "hypervisor": version.slug,
        "release": version.release,
        "emulation": version.apic.slug if version.apic else "",
        "sees": [str(word) for word in half.sees],
        "measurements": sorted({name for answer in half.answers for name in answer.documents}),
        "policy": str(version.policy),
        "answers": str(half.who),
        "inferred": half.inferred,
        "guest_sees": [str(word) for word in half.guest],
        "same": str(half.same),
    }


def case_data(case: Case, site: str) -> dict[str, Any]:
    """Return a case as JSON data, each half with its evidence."""
    silicon = case.silicon
    return {
        "cell": str(case.cell.key),
        "condition": case.condition,
        "silicon": {
            "sees": [str(word) for word in silicon.sees],
            "grade": silicon.grade,
            "observations": [one.id for one in silicon.observations],
            "manual": [
                {
                    "behaviour": str(c.behaviour),
                    "condition": c.condition,
                    "strength": str(c.strength),
                    "source": c.source,
                    "page": str(c.page),
                }
                for c in silicon.claims
            ],
        },
        "versions": [half_data(half) for half in case.halves],
        "same": str(case.same),
        "url": site + case.cell.key.url,
    }
