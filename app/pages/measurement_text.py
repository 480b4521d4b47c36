"""A measurement as a sheet, and the words that its formats share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core.facts import Listed, Measurement, Sighting
from app.core.judgements import Finding
from app.core.knowledge import Knowledge
from app.core.measuring import Effect
from app.core.words import OWN_ORDER, Behaviour, State, Verdict
from app.intake.submitting import Checked
from app.pages.measured import AFTER, JudgedSighting, RowPage
from app.pens import phrases
from app.pens.lines import Line, Linked, Pieces, Styled, full_address
from app.pens.parts import Field, Included, Item, Para, Passage, Section, Sheet
from app.pens.place import Place
from app.pens.plain import Plain, line_text

PENDING = "It does not count in any verdict."
MASKED = "the hypervisor's own intercept was on: it says nothing about AVIC"
# What a guest sees of an emulation, in words: of exits it says nothing.
SAW = {Behaviour.COMPLETED: "completes", Behaviour.GP: "#GP", Behaviour.PF: "#PF"}
# Strangers' links get no credit and no referrer.
STRANGE = "nofollow ugc noreferrer"


def machine_fields(m: Measurement, knowledge: Knowledge) -> tuple[tuple[str, str], ...]:
    """Return the machine and the configuration as label and value, empty ones left out."""
    features = ", ".join(f"{name}={int(value)}" for name, value in m.features.items())
    signed = knowledge.signers.get(m.signed_by, "")
    fields = (
        ("CPU", m.cpu.brand or m.cpu.vendor),
        ("CPUID", f"{m.cpu.vendor} {m.cpu.signature}"),
        ("Answered by", line_text(emulation_line(m))),
        ("Family", "" if m.emulation else knowledge.families[m.family].name),
        ("Microcode", m.cpu.microcode),
        ("Features", features),
        ("Hypervisor", m.hypervisor + (f" ({m.accelerator})" if m.accelerator else "")),
        ("Parameters", " ".join(m.parameters)),
        ("Exits", "" if m.exits_watched else "not watched: only the guest looked"),
        ("Guest", m.guest),
        ("Repeat with", m.command),
        ("Tool", m.tool),
        ("Measured at", m.measured_at),
        ("Received at", m.received_at),
        ("Submitter", m.submitter or "anonymous"),
        ("Contact", m.contact),
        ("Signed by", f"{signed} {m.signed_by}".strip()),
        ("SHA-256", m.digest),
    )
    return tuple((label, value) for label, value in fields if value)


NO_EVIDENCE = "no evidence about any processor"


def emulation_line(m: Measurement | Listed) -> Line:
    """Return what answered where no AVIC did; empty for silicon."""
    told = m.emulation
    return (Linked(told.title, f"/e/{told.slug}"), f", an emulation: {NO_EVIDENCE}") if told else ""


def state_line(m: Measurement | Listed) -> Pieces:
    """Return the state, since when, by whom and why."""
    by = f" by {m.decided_by}" if m.decided_by else ""
    reason = f": {m.reason}" if m.reason else ""
    return (Styled(m.state, f"tag state-{m.state}"), f" since {m.decided_at}{by}{reason}")


def effect_line(effect: Effect, knowledge: Knowledge) -> Pieces:
    """Return what observations do to one cell, in one line."""
    family = knowledge.families[effect.after.family].name
    before = (effect.before.verdict, " -> ") if effect.changes else ()
    masked = f", {effect.masked} intercepted" if effect.masked else ""
    key = Linked(knowledge.name_of(effect.key), effect.key.url)
    added = f" ({effect.added} observed{masked})"
    return (key, f" on {family}: ", *before, effect.after.verdict, added)


def effects_sentence(effects: Iterable[Effect]) -> str:
    """``6 cells gain evidence; 1 verdict changes.``."""
    listed = tuple(effects)
    changed = sum(effect.changes for effect in listed)
    verdicts = "1 verdict changes" if changed == 1 else f"{changed} verdicts change"
    cells = "1 cell gains" if len(listed) == 1 else f"{len(listed)} cells gain"
    return f"{cells} evidence; {verdicts}."


def measurement_sheet(
    m: Measurement, about: Iterable[Passage], page: RowPage, knowledge: Knowledge
) -> Sheet:
    """Return one measurement: its state, what is ``about`` it, a page of what it observed."""
    path = f"/m/{m.slug}"
    heading, more = "Observations", page.last < page.total
    if more or page.after:
        heading += f" {page.after + 1} to {page.last} of {page.total}"
    behind = (Linked("those behind it", f"{path}?{AFTER}={page.last}", told=True, rel="next"),)
    return Sheet(f"Measurement {m.slug}", path, up=(Linked("Measurements", "/m"), m.slug)).holding(
        Field("Raw bytes", (Linked("as they came", f"{path}.raw", told=True),)),
        Field("Compare", (full_address(f"{path}/diff/OTHER"),), only="text"),
        Field("Begins at", (Linked("the whole", path, told=True),) if page.after else ""),
        Field("State", state_line(m)),
        *about,
        Section(heading).holding(
            *(_observation(row, knowledge) for row in page.rows),
            Field("More", behind if more else "", above=True),
        ),
    )


def measurement_parts(
    m: Measurement, effects: Iterable[Effect], knowledge: Knowledge
) -> Iterator[Passage]:
    """Yield what a measurement was made on, what is said of it, and what it changes."""
    listed = tuple(effects)
    yield Para(PENDING if m.state is State.PENDING else "")
    for label, value in machine_fields(m, knowledge):
        shown = {"Repeat with": (Styled(value, tag="code"),), "Answered by": emulation_line(m)}
        yield Field(label, shown.get(label, value))
    for link in m.links:
        yield Field("Discussed at", (Linked(link, _address(link), rel=STRANGE),))
    if m.notes:
        yield Section("Notes of the submitter").holding(
            (Para(line, only="text") for line in m.notes.splitlines()),
            Included("measurements/_notes.html"),
        )
    if m.emulation:
        return
    yield Section("What it changed" if m.accepted else "What it would change if accepted").holding(
        Para(effects_sentence(listed)),
        *(Item(effect_line(effect, knowledge)) for effect in listed),
    )


def _address(link: str) -> str:
    """Return where a Message-ID, or an address, is read."""
    return link if link.startswith("https://") else f"https://lore.kernel.org/all/{link}/"


def check_text(checked: Checked, knowledge: Knowledge) -> str:
    """Return what a checked document would change, for the terminal."""
    out = Plain()
    listed, emulation = checked.effects, checked.measurement.emulation
    answered_by = emulation and f"What answered is an emulation, {emulation.title}: {NO_EVIDENCE}."
    out.para(f"Valid. {answered_by or effects_sentence(listed)}")
    for effect in listed:
        out.item(line_text(effect_line(effect, knowledge)))
    for oddity in checked.oddities:
        out.item(f"{oddity.code}: {oddity.text}", mark="?")
    return out.render()


def sighting_name(seen: Sighting, knowledge: Knowledge) -> str:
    """``ISR#3 AVIC read``: the cell, with the member of a vector register."""
    label = knowledge.registers[seen.register].label
    member = "" if seen.member is None else f"#{seen.member}"
    return f"{label}{member} {seen.mode.label} {seen.access}"


def _observation(row: JudgedSighting, knowledge: Knowledge) -> Field:
    seen, found = row.seen, row.finding
    verdict: Verdict | str
    outcome, verdict, remark = SAW.get(seen.outcome, ""), "", ""
    if isinstance(found, Finding):
        outcome, verdict = seen.outcome, found.verdict
        unstated = "" if found.condition_stated else "condition not stated"
        remark = MASKED if verdict is Verdict.MASKED else unstated
    else:
        verdict = found.label
    exited = ""
    if seen.exit:
        rip = seen.exit.rip and f"rip {seen.exit.rip}"
        fields = ("exit", seen.exit.code, seen.exit.info1, seen.exit.info2, rip)
        exited = " ".join(filter(None, fields))
    notes = [
        remark,
        f"value {seen.value}" if seen.value else "",
        f"read back {seen.read_back}" if seen.read_back else "",
        exited,
        seen.note,
    ]
    when = f" when {knowledge.conditions.text(seen.condition)}" if seen.condition else ""
    times = f", {seen.count} times" if seen.count > 1 else ""
    judged = (outcome, f"{when}{times}: ", verdict)
    ruling = (f"; {OWN_ORDER.lower()}: ", *phrases.branch_line(row.ruling))
    line = (*judged, *ruling, *(f"; {note}" for note in notes if note))
    return Field((Linked(sighting_name(seen, knowledge), f"/r/{seen.cell}"),), line, width=30)


def form_text(place: Place) -> str:
    """Return what takes the place of the upload's form in text: the commands that send one."""
    out = Plain()
    out.title("Send a measurement")
    out.field("URL", f"{place.site}/upload")
    out.blank()
    out.para("A document is one JSON object, or a guest's serial log with its checksum.")
    for heading, action in (("Check it, and keep nothing", "check"), ("Send it", "submit")):
        out.heading(heading)
        out.address(f"curl -F action={action} -F file=@FILE \\")
        out.address(f"{place.site}/upload", 4)
    out.blank()
    out.link("The format", f"{place.site}/docs/format")
    out.link("Step by step", f"{place.site}/docs/upload")
    return out.render()
