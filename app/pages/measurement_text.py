"""The text twins of measurements: one, the list, two side by side, and what one changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.facts import Measurement, Sighting
from app.core.knowledge import Knowledge
from app.core.measuring import Effect, Oddity
from app.core.rulings import Conditions
from app.core.verdicts import Finding
from app.core.words import State, Verdict
from app.pens import leads
from app.pens.place import Place, head
from app.pens.plain import Plain
from app.pens.tables import Table

PENDING = "It does not count in any verdict."
MASKED = "the hypervisor's own intercept was on: it says nothing about AVIC"


@dataclass(frozen=True)
class Row:
    """One observation against the claims of its cell."""

    seen: Sighting
    finding: Finding
    ruling: str

    @property
    def name(self) -> str:
        """The cell, with the member of a vector register."""
        member = "" if self.seen.member is None else f"#{self.seen.member}"
        return f"{self.seen.register}{member}/{self.seen.mode}/{self.seen.access}"


def identity(m: Measurement, knowledge: Knowledge) -> tuple[tuple[str, str], ...]:
    """Return the machine and the configuration as label and value, empty ones left out."""
    features = ", ".join(f"{name}={int(value)}" for name, value in m.features.items())
    signed = knowledge.signers.get(m.signed_by, "")
    fields = (
        ("CPU", m.cpu.brand or m.cpu.vendor),
        ("CPUID", f"{m.cpu.vendor} {m.cpu.signature}"),
        ("Family", knowledge.families[m.family].name),
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


def since_line(m: Measurement) -> str:
    """Return since when a measurement is in its state, by whom, and why."""
    by = f" by {m.decided_by}" if m.decided_by else ""
    reason = f": {m.reason}" if m.reason else ""
    return f"since {m.decided_at}{by}{reason}"


def state_line(m: Measurement) -> str:
    """Return the state with reason, who and when."""
    return f"{m.state} {since_line(m)}"


def effect_line(effect: Effect, knowledge: Knowledge) -> str:
    """Return what observations do to one cell, in one line."""
    family = knowledge.families[effect.after.family].name
    verdict = str(effect.after.verdict)
    if effect.changes:
        verdict = f"{effect.before.verdict} -> {effect.after.verdict}"
    masked = f", {effect.masked} masked" if effect.masked else ""
    return f"{effect.key} on {family}: {verdict} ({effect.added} observed{masked})"


def effects_sentence(effects: Iterable[Effect]) -> str:
    """``6 cells gain evidence; 1 verdict changes.``."""
    listed = tuple(effects)
    changed = sum(effect.changes for effect in listed)
    verdicts = "1 verdict changes" if changed == 1 else f"{changed} verdicts change"
    cells = "1 cell gains" if len(listed) == 1 else f"{len(listed)} cells gain"
    return f"{cells} evidence; {verdicts}."


def measurement_text(
    m: Measurement,
    rows: Iterable[Row],
    effects: Iterable[Effect],
    knowledge: Knowledge,
    place: Place,
) -> str:
    """Return one measurement: state, machine, every observation, what it changes."""
    out = Plain()
    out.title(f"Measurement {m.slug}")
    head(out, place, f"/m/{m.slug}")
    out.field("Raw bytes", f"{place.site}/m/{m.slug}.raw")
    out.field("Compare", f"{place.site}/m/{m.slug}/diff/OTHER")
    out.field("State", state_line(m))
    if m.state is State.PENDING:
        out.para(PENDING)
    for label, value in identity(m, knowledge):
        out.field(label, value)
    for link in m.links:
        out.field("Discussed at", link)
    if m.notes:
        out.heading("Notes of the submitter")
        for line in m.notes.splitlines():
            out.para(line)
    _effects(out, m, effects, knowledge)
    out.heading("Observations")
    for row in rows:
        out.field(row.name, _row(row, knowledge), width=30)
    return out.render()


def check_text(effects: Iterable[Effect], oddities: Iterable[Oddity], knowledge: Knowledge) -> str:
    """Return what a checked document would change, for the terminal."""
    out = Plain()
    listed = tuple(effects)
    changed = [e for e in listed if e.changes]
    out.para(f"Valid. {len(listed)} cells gain evidence, {len(changed)} verdicts would change.")
    for effect in listed:
        out.item(effect_line(effect, knowledge))
    for oddity in oddities:
        out.item(f"{oddity.code}: {oddity.text}", mark="?")
    return out.render()


def list_text(
    found: Iterable[Measurement],
    sentence: str,
    total: int,
    knowledge: Knowledge,
    place: Place,
    *,
    more: str,
) -> str:
    """Return the list of measurements that pass a filter, of ``total`` in all.

    ``more`` is where the list goes on.
    """
    out = Plain()
    out.title("Measurements")
    head(out, place, "/m")
    out.blank()
    out.para(leads.MEASUREMENTS)
    out.field("Send one", f"{place.site}/upload")
    out.field("The format", f"{place.site}/docs/format")
    out.field("Shown", sentence)
    listed = tuple(found)
    if not listed:
        out.para(leads.NONE_PASSES if total else leads.NO_MEASUREMENT)
    for m in listed:
        out.blank()
        out.field(m.slug, f"{place.site}/m/{m.slug}")
        out.field("state", state_line(m), indent=2)
        out.field("machine", _machine(m), indent=2)
        out.field("measured", m.measured_at[:10], indent=2)
        out.field("family", knowledge.families[m.family].name, indent=2)
        out.field("hypervisor", m.hypervisor, indent=2)
        out.field("tool", m.tool, indent=2)
        out.field("observations", str(len(m.observations)), indent=2)
    if more:
        out.blank()
        out.link("Older ones", place.site + more)
    return out.render()


def _machine(m: Measurement) -> str:
    return f"{m.cpu.brand or m.cpu.vendor}, {m.cpu.signature} {m.cpu.microcode}".rstrip()


def list_table(found: Iterable[Measurement], site: str) -> Table:
    """Return the list as rows."""
    columns = ("id", "state", "family", "cpu", "microcode", "hypervisor", "tool", "measured_at",
               "observations", "url")  # fmt: skip
    rows = [
        (m.slug, str(m.state), m.family, m.cpu.brand or m.cpu.signature, m.cpu.microcode,
         m.hypervisor, m.tool, m.measured_at, str(len(m.observations)), f"{site}/m/{m.slug}")
        for m in found
    ]  # fmt: skip
    return Table(columns, tuple(rows))


@dataclass(frozen=True)
class MeasurementComparison:
    """Two measurements side by side: circumstances, and cells with what each saw."""

    circumstances: tuple[tuple[str, str, str], ...]
    cells: tuple[tuple[str, str, str], ...]

    @property
    def differing(self) -> int:
        """How many cells both observed, with different outcomes."""
        return sum(bool(a and b and a != b) for _, a, b in self.cells)

    @property
    def sentence(self) -> str:
        """How much differs, in words."""
        return (
            f"{self.differing} of {len(self.cells)} cells were observed by both with different "
            "outcomes. What differs is marked."
        )


def compare(a: Measurement, b: Measurement, knowledge: Knowledge) -> MeasurementComparison:
    """Return two measurements side by side; what one did not observe is empty."""
    left, right = dict(identity(a, knowledge)), dict(identity(b, knowledge))
    labels = [label for label in {**left, **right} if label not in ("SHA-256", "Received at")]
    seen_a, seen_b = _outcomes(a), _outcomes(b)
    keys = sorted({**seen_a, **seen_b})
    return MeasurementComparison(
        tuple((label, left.get(label, ""), right.get(label, "")) for label in labels),
        tuple((key, seen_a.get(key, ""), seen_b.get(key, "")) for key in keys),
    )


def comparison_text(
    a: Measurement, b: Measurement, comparison: MeasurementComparison, place: Place
) -> str:
    """Return two measurements side by side; ``!`` marks what differs."""
    out = Plain()
    out.title(f"Measurements {a.slug} and {b.slug}")
    head(out, place, f"/m/{a.slug}/diff/{b.slug}")
    out.blank()
    out.para(comparison.sentence)
    for heading, rows in (("Circumstances", comparison.circumstances), ("Cells", comparison.cells)):
        out.heading(heading)
        widths = (1, 27, 22, 22)
        out.grid([("", "", a.slug, b.slug)], widths)
        out.grid(
            [("!" if x != y else "", label, x or "-", y or "-") for label, x, y in rows], widths
        )
    return out.render()


def _outcomes(m: Measurement) -> Mapping[str, str]:
    found: dict[str, list[str]] = {}
    for seen in m.observations:
        member = "" if seen.member is None else f"#{seen.member}"
        condition = f" [{seen.condition}]" if seen.condition else ""
        masked = " (masked)" if seen.intercepted else ""
        key = f"{seen.register}{member}/{seen.mode}/{seen.access}{condition}"
        found.setdefault(key, []).append(f"{seen.outcome}{masked}")
    return {key: ", ".join(words) for key, words in found.items()}


def _row(row: Row, knowledge: Knowledge) -> str:
    seen = row.seen
    parts = [f"{row.finding.verdict}; the manual rules {row.ruling}"]
    if row.finding.verdict is Verdict.MASKED:
        parts.append(MASKED)
    elif not row.finding.condition_stated:
        parts.append("condition not stated")
    parts += [f"value {seen.value}"] if seen.value else []
    parts += [f"read back {seen.read_back}"] if seen.read_back else []
    if seen.exit:
        rip = f"rip {seen.exit.rip}" if seen.exit.rip else ""
        fields = ("exit", seen.exit.code, seen.exit.info1, seen.exit.info2, rip)
        parts.append(" ".join(field for field in fields if field))
    parts += [seen.note] if seen.note else []
    when = (
        f" when {Conditions(knowledge.conditions).text(seen.condition)}" if seen.condition else ""
    )
    times = f", {seen.count} times" if seen.count > 1 else ""
    return f"{seen.outcome}{when}{times}: {'; '.join(parts)}"


def _effects(out: Plain, m: Measurement, effects: Iterable[Effect], knowledge: Knowledge) -> None:
    out.heading("What it changed" if m.accepted else "What it would change if accepted")
    listed = tuple(effects)
    out.para(effects_sentence(listed))
    for effect in listed:
        out.item(effect_line(effect, knowledge))
