"""What search finds: one entry for each thing that has an address, with the words about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core import facts
from app.core.citations import cite_claim, cite_source
from app.core.knowledge import Knowledge
from app.core.views import CellView, CellViews
from app.core.words import OWN_ORDER, Mode, Printed
from app.pens import phrases
from app.search.model import SearchEntry


def entries(
    knowledge: Knowledge,
    cells: CellViews,
    measurements: Iterable[facts.Measurement | facts.Listed] = (),
) -> Iterator[SearchEntry]:
    """Return every entry, each kind in the order of its own page."""
    yield from (_register(r) for r in knowledge.registers.values())
    yield from (_cell(view, knowledge) for view in cells.values())
    yield from (_difference(d, knowledge) for d in knowledge.differences.values())
    yield from (_difference(d, knowledge) for d in knowledge.departures.values())
    yield from (_erratum(e, knowledge) for e in knowledge.errata.values())
    yield from (_annotation(a, knowledge) for a in knowledge.annotations.values())
    yield from (of_measurement(m, knowledge) for m in measurements)
    yield from (_family(f) for f in knowledge.families.values())
    yield from (_policy(p) for p in knowledge.policies.values())
    yield from (_inhibit(r) for r in knowledge.inhibits.values())
    yield from (_source(s) for s in knowledge.sources.values())


def cell_line(view: CellView, families: Iterable[str] = ()) -> str:
    """Return what rules a cell and how it was judged, in one line."""
    chosen = tuple(families)
    judged = [
        f"{j.family} {j.verdict.label}" for j in view.measured if not chosen or j.family in chosen
    ]
    said = phrases.branches_slugs(view.table, "does not say")
    ruling = phrases.branches_slugs(view.effective)
    as_printed = view.printed is Printed.AS_PRINTED
    rules = (
        f"{OWN_ORDER}: {ruling}"
        if as_printed
        else f"Table 15-22: {said}; {OWN_ORDER.lower()}: {ruling}"
    )
    return ". ".join((rules, ", ".join(judged) or "Not measured"))


def _entry(
    kind: str, key: str, path: str, title: str, names: Iterable[str], *parts: str
) -> SearchEntry:
    """Return an entry; its parts become sentences, and what is empty is left out."""
    stops = (".", "!", "?", ":", '."')
    whole = (" ".join(part.split()) for part in parts)
    body = " ".join(part if part.endswith(stops) else f"{part}." for part in whole if part)
    return SearchEntry(kind, key, path, title, " ".join(names), body)


def _inferred(text: str) -> str:
    return f"Inference: {text}" if text else ""


def _register(r: facts.Register) -> SearchEntry:
    names = (*_register_names(r), *r.offsets, *r.msrs)
    macro = f"Kernel macro {r.macro}" if r.macro else ""
    access = "" if r.access == "none" else f"x2APIC access {r.access}"
    told = (r.addresses, macro, access, r.note)
    return _entry("register", r.slug, f"/r/{r.slug}", r.heading, names, *told)


def _register_names(r: facts.Register) -> tuple[str, ...]:
    return (r.slug, r.abbreviation, r.macro, *r.aliases)


def _cell(view: CellView, knowledge: Knowledge) -> SearchEntry:
    register, key = view.register, view.key

    def when(condition: str) -> str:
        return f" when {knowledge.conditions.text(condition)}" if condition else ""

    parts = [cell_line(view)]
    for c in view.claims:
        cites = cite_claim(c, knowledge.sources, knowledge.documents)
        said = f"{c.kind}: {c.behaviour} ({c.behaviour.label}){when(c.condition)}, {cites}"
        parts += [said, c.text]
    for o in view.observations:
        seen = f"{o.evidence}: {o.outcome}{when(o.condition)}"
        parts += [seen, o.text, f"CPU: {o.cpu}", o.reported]
    for p in view.policies:
        parts += [f"{p.policy.name}: {p.summary}"] if p.actions else []
        parts += p.notes
    addresses = register.offsets if key.mode is Mode.AVIC else register.msrs
    names = (*_register_names(register), register.name, *addresses)
    return _entry("cell", str(key), key.url, view.name, names, *parts)


def _difference(d: facts.Difference, knowledge: Knowledge) -> SearchEntry:
    return _entry(
        "difference",
        d.slug,
        d.path,
        f"{d.label}: {d.title} ({d.state.label})",
        (*_registers_of(d.cells), *d.errata),
        f"Emulation: {d.emulator.label}" if d.emulator else "",
        f"{'The manual' if d.emulator else 'Table 15-22'} says {d.table_says}; instead {d.instead}",
        d.text,
        _inferred(d.inference),
        *(f"{e.date} {e.state.label}: {e.text}" for e in d.life),
        *(knowledge.families[f].name for f in d.families if f in knowledge.families),
    )


def _erratum(e: facts.Erratum, knowledge: Knowledge) -> SearchEntry:
    families = {slug: family.name for slug, family in knowledge.families.items()}
    return _entry(
        "erratum",
        e.slug,
        f"/errata/{e.slug}",
        f"Erratum {e.number}: {e.title}" if e.number else e.title,
        (e.slug, *e.aliases, *_registers_of(e.cells)),
        e.symptom,
        e.workaround,
        e.fix,
        e.touches,
        *(note.text for note in e.software),
        _inferred(e.inference),
        e.not_listed,
        *(f"{a.cpuid} {families.get(a.family, '')} {a.stepping}" for a in e.affected),
    )


def _annotation(a: facts.Annotation, knowledge: Knowledge) -> SearchEntry:
    title = f"{a.kind}: {a.title}{' (inference)' * a.inference}"
    names = (a.slug, *a.registers, *_registers_of(a.cells), *a.families)
    # A page that shows it.
    page = "/policy" if a.hypervisors else f"/c/{a.families[0]}" if a.families else "/docs/sources"
    if registers := (*a.registers, *(key.register for key in knowledge.cells_named(a.cells))):
        page = f"/r/{registers[0]}"
    return _entry("annotation", a.slug, f"{page}#note-{a.slug}", title, names, a.text)


def of_measurement(m: facts.Measurement | facts.Listed, knowledge: Knowledge) -> SearchEntry:
    """Return the entry of a measurement; of its line alone where it was not read whole."""
    family = knowledge.families[m.family].name if m.family in knowledge.families else m.family
    family = f"Answered by an emulation, {m.emulation.title}" if m.emulation else family
    cpu = m.cpu.brand or f"{m.cpu.vendor} {m.cpu.signature}"
    return _entry(
        "measurement",
        m.slug,
        f"/m/{m.slug}",
        f"Measurement {m.slug}: {cpu} ({m.state})",
        (m.slug, m.submitter),
        f"{family}, {m.cpu.signature}, microcode {m.cpu.microcode or 'not stated'}",
        f"{m.hypervisor}, {m.guest}, {m.tool}, measured {m.measured_at[:10]}",
        f"Sent by {m.submitter or 'somebody without a name'}",
        *(_said(m) if isinstance(m, facts.Measurement) else ()),
    )


def _said(m: facts.Measurement) -> Iterator[str]:
    yield from (m.notes, m.command, *m.parameters, *m.links)
    for o in m.observations:
        yield f"{o.register} {o.mode} {o.access}: {o.outcome} {o.condition} {o.note}"


def _family(f: facts.Family) -> SearchEntry:
    ranges = (f"CPUID {c.family} {c.models} {c.vendor}" for c in f.cpuid)
    told = (f.text, *ranges, ", ".join(f.products), f.caveat, f.default_avic)
    return _entry("family", f.slug, f"/c/{f.slug}", f.name, (f.slug,), *told)


def _policy(p: facts.Policy) -> SearchEntry:
    ranges = (f"{r.words}. {r.inference}" for r in p.ranges)
    unknown = f"Not known: {', '.join(p.not_known)}" if p.not_known else ""
    notes = (f"{m.msrs}: read {m.read}, write {m.write}. {m.note}" for m in p.msrs if m.note)
    told = (p.text, *ranges, unknown, *notes, _inferred(p.inference))
    return _entry("policy", p.slug, f"/policy/{p.slug}", f"Policy of {p.name}", (p.slug,), *told)


def _inhibit(r: facts.InhibitReason) -> SearchEntry:
    said = (part.text for part in (*r.sets, *r.clears, *r.seen))
    told = (f"{s.hypervisor}: {s.flag}. {s.text}" for s in r.settings)
    names = (r.slug, r.name, *r.names, f"APICV_INHIBIT_REASON_{r.name}")
    return _entry(
        "inhibit", r.slug, f"/inhibit/{r.slug}", f"Inhibit {r.name}: {r.text}", names, *said, *told
    )


def _source(s: facts.Source) -> SearchEntry:
    title = f'commit {s.commit[:12]} ("{s.title}")' if s.commit else s.title
    names = (s.id, s.commit, s.message_id, s.author)
    told = (cite_source(s), s.note, s.repository, s.url or s.message_id)
    return _entry("source", s.id, f"/docs/sources#{s.id}", title, names, *told)


def _registers_of(patterns: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pattern.partition("/")[0] for pattern in patterns))
