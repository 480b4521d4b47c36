"""What search finds: one entry for each thing that has an address, with the words about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from app.core import facts
from app.core.cells import CellKey
from app.core.citations import cite_claim, cite_source
from app.core.knowledge import Knowledge
from app.core.rulings import Conditions
from app.core.views import CellView
from app.core.words import Printed
from app.pens import phrases
from app.search.model import SearchEntry


def entries(knowledge: Knowledge, cells: Mapping[CellKey, CellView]) -> Iterator[SearchEntry]:
    """Return every entry, each kind in the order of its own page."""
    yield from (_register(r) for r in knowledge.registers.values())
    yield from (_cell(view, knowledge) for view in cells.values())
    yield from (_difference(d, knowledge) for d in knowledge.differences.values())
    yield from (_erratum(e, knowledge) for e in knowledge.errata.values())
    yield from (_annotation(a, knowledge) for a in knowledge.annotations.values())
    yield from (_measurement(m, knowledge) for m in knowledge.measurements.values())
    yield from (_family(f) for f in knowledge.families.values())
    yield from (_policy(p) for p in knowledge.policies.values())
    yield from (_source(s) for s in knowledge.sources.values())


def short_name(register: facts.Register) -> str:
    """Return the abbreviation, or the name where there is none."""
    return register.abbreviation if register.abbreviation != "-" else register.name


def cell_title(view: CellView) -> str:
    """Return ``LDR x2AVIC write``."""
    return f"{short_name(view.register)} {view.key.mode.label} {view.key.access}"


def cell_line(view: CellView, families: Iterable[str] = ()) -> str:
    """Return what rules a cell and how it was judged, in one line."""
    chosen = tuple(families)
    judged = [f"{j.family} {j.verdict}" for j in view.measured if not chosen or j.family in chosen]
    said = phrases.branches(view.table, "does not say")
    ruling = phrases.branches(view.effective)
    as_printed = view.printed is Printed.AS_PRINTED
    rules = f"Rules: {ruling}" if as_printed else f"Table 15-22: {said}; rules: {ruling}"
    return ". ".join((rules, ", ".join(judged) or "Unmeasured"))


def _register(r: facts.Register) -> SearchEntry:
    names = (*_register_names(r), *r.offsets, *r.msrs)
    access = "" if r.access == "none" else f"x2APIC access {r.access}"
    body = _text(phrases.addresses(r), f"Kernel macro {r.macro}" if r.macro else "", access, r.note)
    return SearchEntry(
        "register", r.slug, f"/r/{r.slug}", phrases.heading(r), " ".join(names), body
    )


def _register_names(r: facts.Register) -> tuple[str, ...]:
    return (r.slug, r.abbreviation, r.macro, *r.aliases)


def _cell(view: CellView, knowledge: Knowledge) -> SearchEntry:
    register, key = view.register, view.key
    conditions = Conditions(knowledge.conditions)
    names = (*_register_names(register), register.name)
    addresses = register.offsets if key.mode.value == "avic" else register.msrs
    parts = [cell_line(view)]
    for c in view.claims:
        when = f" when {conditions.text(c.condition)}" if c.condition else ""
        cites = cite_claim(c, knowledge.sources, knowledge.documents)
        parts += [f"{c.kind}: {c.behaviour} ({c.behaviour.label}){when}, {cites}", c.text]
    for o in view.observations:
        when = f" when {conditions.text(o.condition)}" if o.condition else ""
        parts += [f"{o.evidence}: {o.outcome}{when}", o.text, f"CPU: {o.cpu}", phrases.reported(o)]
    for p in view.policies:
        parts += [f"{p.policy.name}: {p.summary}"] if p.actions else []
        parts += p.notes
    return SearchEntry(
        "cell", str(key), key.url, cell_title(view), " ".join((*names, *addresses)), _text(*parts)
    )


def _difference(d: facts.Difference, knowledge: Knowledge) -> SearchEntry:
    life = (f"{e.date} {e.state}: {e.text}" for e in d.life)
    body = _text(
        f"Table 15-22 says {d.table_says}; instead {d.instead}",
        d.text,
        f"Inference: {d.inference}" if d.inference else "",
        *life,
        *(knowledge.families[f].name for f in d.families if f in knowledge.families),
    )
    title = f"D-{d.number}: {d.title} ({d.state})"
    names = " ".join((*_registers_of(d.cells), *d.errata))
    return SearchEntry("difference", d.slug, f"/d/{d.number}", title, names, body)


def _erratum(e: facts.Erratum, knowledge: Knowledge) -> SearchEntry:
    affected = (
        f"{a.cpuid} {knowledge.families[a.family].name if a.family in knowledge.families else ''}"
        f" {a.stepping}"
        for a in e.affected
    )
    body = _text(
        e.symptom,
        e.workaround,
        e.fix,
        e.touches,
        *(note.text for note in e.software),
        f"Inference: {e.inference}" if e.inference else "",
        e.not_listed,
        *affected,
    )
    title = f"Erratum {e.number}: {e.title}" if e.number else e.title
    names = " ".join((e.slug, *e.aliases, *_registers_of(e.cells)))
    return SearchEntry("erratum", e.slug, f"/errata/{e.slug}", title, names, body)


def _annotation(a: facts.Annotation, knowledge: Knowledge) -> SearchEntry:
    inferred = " (inference)" if a.inference else ""
    names = (a.slug, *a.registers, *_registers_of(a.cells), *a.families)
    title = f"{a.kind}: {a.title}{inferred}"
    path = f"{_page_of(a, knowledge)}#note-{a.slug}"
    return SearchEntry("annotation", a.slug, path, title, " ".join(names), _text(a.text))


def _page_of(a: facts.Annotation, knowledge: Knowledge) -> str:
    """Return a page that shows an annotation."""
    cells = knowledge.cells_named(a.cells)
    if a.registers or cells:
        return f"/r/{a.registers[0] if a.registers else cells[0].register}"
    return f"/c/{a.families[0]}" if a.families else "/docs/sources"


def _measurement(m: facts.Measurement, knowledge: Knowledge) -> SearchEntry:
    family = knowledge.families[m.family].name if m.family in knowledge.families else m.family
    cpu = m.cpu.brand or f"{m.cpu.vendor} {m.cpu.signature}"
    seen = (
        f"{o.register} {o.mode} {o.access}: {o.outcome} {o.condition} {o.note}"
        for o in m.observations
    )
    body = _text(
        f"{family}, {m.cpu.signature}, microcode {m.cpu.microcode or 'not stated'}",
        f"{m.hypervisor}, {m.guest}, {m.tool}, measured {m.measured_at[:10]}",
        f"Sent by {m.submitter or 'somebody without a name'}",
        m.notes,
        m.command,
        *m.parameters,
        *m.links,
        *seen,
    )
    title = f"Measurement {m.slug}: {cpu} ({m.state})"
    return SearchEntry(
        "measurement", m.slug, f"/m/{m.slug}", title, f"{m.slug} {m.submitter}", body
    )


def _family(f: facts.Family) -> SearchEntry:
    ranges = (f"CPUID {c.family} {c.models} {c.vendor}" for c in f.cpuid)
    body = _text(f.text, *ranges, ", ".join(f.products), f.caveat, f.default_avic)
    return SearchEntry("family", f.slug, f"/c/{f.slug}", f.name, f.slug, body)


def _policy(p: facts.Policy) -> SearchEntry:
    notes = (f"{m.msrs}: read {m.read}, write {m.write}. {m.note}" for m in p.msrs if m.note)
    inferred = f"Inference: {p.inference}" if p.inference else ""
    ranges = (f"{r.words}. {r.inference}" for r in p.ranges)
    unknown = f"Not known: {', '.join(p.not_known)}" if p.not_known else ""
    body = _text(p.text, *ranges, unknown, *notes, inferred)
    return SearchEntry("policy", p.slug, f"/policy/{p.slug}", f"Policy of {p.name}", p.slug, body)


def _source(s: facts.Source) -> SearchEntry:
    title = f'commit {s.commit[:12]} ("{s.title}")' if s.commit else s.title
    names = f"{s.id} {s.commit} {s.message_id} {s.author}"
    address = s.url or s.message_id
    body = _text(cite_source(s), s.note, s.repository, address)
    return SearchEntry("source", s.id, f"/docs/sources#{s.id}", title, names, body)


def _registers_of(patterns: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pattern.partition("/")[0] for pattern in patterns))


def _text(*parts: str) -> str:
    """Return sentences one after the other; what is empty is left out."""
    stops = (".", "!", "?", ":", '."')
    whole = (" ".join(part.split()) for part in parts)
    return " ".join(part if part.endswith(stops) else f"{part}." for part in whole if part)
