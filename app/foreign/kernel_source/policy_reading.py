"""What a kernel tree does with local-APIC accesses under AVIC and x2AVIC, each fact with its line.

Read are the MSRs that ``svm`` lets through while x2AVIC is active, the offsets at which an exit
402h counts as a trap, and the reasons for which AVIC is kept off. How they are written differs by
version; the functions are run, not matched, so that a form which nobody met is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tree_sitter import Node

from app.core.facts import Inhibit
from app.core.numbers import MSR_BASE, MSR_LAST, PAGE_LAST, SLOT
from app.core.words import Access, Action
from app.errors import NotFound
from app.foreign.kernel_source.c_numbers import Frame, Num, Opaque, Value
from app.foreign.kernel_source.c_running import Runner
from app.foreign.kernel_source.c_text import (
    CFile,
    CodePlace,
    UnknownShape,
    expression,
    parameters,
    read_c,
)
from app.foreign.kernel_source.c_values import Evaluator

KVM = "arch/x86/kvm"
AVIC, SVM = f"{KVM}/svm/avic.c", f"{KVM}/svm/svm.c"
# Where names are looked for, the first file that has one wins.
_FILES = (
    *(AVIC, SVM, f"{KVM}/svm/svm.h", f"{KVM}/lapic.c", f"{KVM}/lapic.h", f"{KVM}/x86.h"),
    *(f"{KVM}/msrs.h", "arch/x86/include/asm/apicdef.h", "arch/x86/include/asm/kvm_host.h"),
    *("arch/x86/include/asm/msr-index.h", "arch/x86/include/asm/svm.h"),
    "arch/x86/include/uapi/asm/svm.h",
)
# The function that lets MSRs through, by the names that it has had.
_MAPS = ("avic_set_x2apic_msr_interception", "svm_set_x2apic_msr_interception")
_TRAP = "is_avic_unaccelerated_access_trap"
_INHIBITS = ("AVIC_REQUIRED_APICV_INHIBITS", "avic_check_apicv_inhibit_reasons")
_REASON = "APICV_INHIBIT_REASON_"
# What holds where x2AVIC is on and MSRs are about to be let through, by the text that asks for it.
_ACTIVE = {
    "->x2avic_msrs_intercepted": 1,
    "x2avic_enabled": 1,
    "lapic_in_kernel": 1,
    "apic_x2apic_mode": 1,
}
# A vCPU may have it or not: both are run, and what differs is let through on a condition.
_EITHER = "kvm_lapic_lvt_supported"
_EITHER_OF = "LVT_CMCI"
# What sets or clears an intercept: its parameters, without which it is another function.
_SETTERS = {
    "set_msr_interception": ("vcpu", "msrpm", "msr", "read", "write"),
    "svm_set_intercept_for_msr": ("vcpu", "msr", "type", "set"),
}
_TYPES = {"MSR_TYPE_R": Access.READ, "MSR_TYPE_W": Access.WRITE}
_ASKED = re.compile(r"\b(?:defined|IS_ENABLED)\b\s*\(?\s*(\w+)\s*\)?")
_DEFINED = {"CONFIG_X86_64": 1, "CONFIG_X86_32": 0, "__KERNEL__": 1, "__ASSEMBLY__": 0,
            "__ASSEMBLER__": 0, "__ASSEMBLER": 0}  # fmt: skip


@dataclass(frozen=True)
class Through:
    """An MSR access that is let through, on a condition where not every vCPU has it so."""

    msr: int
    access: Access
    action: Action
    place: CodePlace


@dataclass(frozen=True)
class TreeReading:
    """What one tree says."""

    version: str
    through: tuple[Through, ...]
    traps: Mapping[int, CodePlace]
    inhibits: tuple[Inhibit, ...]


class Tree(Runner):
    """A kernel tree, or what of one an unpacked source package has."""

    def __init__(self, folder: Path, version: str = "") -> None:
        """Open a tree. Raises NotFound where there is no KVM in it, or more than one."""
        found = [path for path in _roots(folder) if (path / AVIC).is_file()]
        if len(found) != 1:
            held = f"{len(found)} trees: name one" if found else f"no {AVIC}"
            raise NotFound(f"{folder} holds {held}.")
        self.root = found[0]
        self.version = version or _stated(self.root)
        if not self.version:
            raise NotFound(f"{self.root} does not say its version: give it with --version.")
        super().__init__(lambda: self._files, dict(_ACTIVE))
        self._through: dict[tuple[int, Access], CodePlace] = {}
        self._has: Value = Opaque(_EITHER)

    @cached_property
    def _files(self) -> list[CFile]:
        paths = ((name, Path(self.root, name)) for name in _FILES)
        there = ((name, path) for name, path in paths if path.is_file())
        return [read_c(name, p.read_text("utf-8", "replace"), self.decide) for name, p in there]

    def read(self) -> TreeReading:
        """Return what the tree says. Raises UnknownShape with a place for what cannot be read."""
        return TreeReading(
            self.version, tuple(self._let_through()), dict(self._trapped()), tuple(self._reasons())
        )

    def decide(self, condition: str) -> bool | None:
        """Return whether a condition of the preprocessor holds; None where that is not known."""
        number = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", self.version)
        plain = _ASKED.sub(lambda m: str(_DEFINED.get(m[1], m[0])), condition)
        if number:
            code = [int(part or 0) for part in number.groups()]
            plain = plain.replace("LINUX_VERSION_CODE", str(code[0] << 16 | code[1] << 8 | code[2]))
        nowhere = CFile("", expression("0"), {}, [])
        try:
            value = Evaluator(list, {}).value(expression(plain), Frame(nowhere))
        except (UnknownShape, ValueError):
            return None
        return bool(value.value) if isinstance(value, Num) else None

    def _start(self, *names: str) -> tuple[CFile, str]:
        """Return the file that defines the first of some names."""
        for name in names:
            for file in self._files:
                if name in file.functions or name in file.macros:
                    return file, name
        raise CodePlace(AVIC, 1).unknown("none of them", " or ".join(names))

    def _let_through(self) -> Iterator[Through]:
        file, name = self._start(*_MAPS)
        function = file.whole(file.functions[name])
        if (names := parameters(function)) != ("svm", "intercept"):
            raise file.place(function).unknown(f"parameters {names}", "svm and intercept")
        if mode := self.named("AVIC_MODE_X2", Frame(file), file.place(function)):
            self.given["avic_mode"] = mode.value if isinstance(mode, Num) else 0
        found, no = [], Num(0, file.place(function), carried=True)
        for has in (0, 1):
            self._has, self._through = Num(has, file.place(function), carried=True), {}
            self.run(file, function, {"svm": Opaque("svm"), "intercept": no})
            found.append(self._through)
        without, with_ = found
        for msr, access in sorted({*without, *with_}):
            both = (msr, access) in without and (msr, access) in with_
            place = {**without, **with_}[msr, access]
            yield Through(msr, access, Action.PASS if both else Action.CONDITIONAL, place)

    def call(self, name: str, values: list[Value], frame: Frame, place: CodePlace) -> Value:
        """Note what an intercept is set to; run any other function."""
        if name == _EITHER:
            asked = self._known(values[-1], place)
            if asked == self.named(_EITHER_OF, frame, asked.place):
                return self._has
        if name not in _SETTERS:
            return super().call(name, values, frame, place)
        found = self.function(name, frame)
        if found and found[2] != _SETTERS[name]:
            raise found[0].place(found[1]).unknown(f"{name}{found[2]}", str(_SETTERS[name]))
        numbers = dict(zip(_SETTERS[name], values, strict=True))
        msr = self._known(numbers["msr"], place)
        if not MSR_BASE <= msr.value <= MSR_LAST:
            raise msr.place.unknown(f"MSR {msr.value:#x}", "one of 800h to 8FFh")
        for access, lets in self._said(numbers, frame, place):
            self._through.pop((msr.value, access), None)
            if lets:
                self._through[msr.value, access] = msr.place
        return Opaque(name)

    def _said(
        self, given: Mapping[str, Value], frame: Frame, place: CodePlace
    ) -> Iterator[tuple[Access, bool]]:
        """Yield the accesses that a call speaks of, and whether it lets them through."""
        for name, access in _TYPES.items():
            if "set" not in given:
                yield access, bool(self._known(given[access], place).value)
            elif (
                self._known(given["type"], place).value
                & self._known(self.named(name, frame, place), place).value
            ):
                yield access, not self._known(given["set"], place).value

    def _known(self, value: Value | None, place: CodePlace) -> Num:
        if not isinstance(value, Num):
            raise place.unknown("an argument that is not known", "a number")
        return value

    def _answer(self, file: CFile, function: Node, asked: int) -> Num:
        """Return what a function says of the number that it asks for."""
        place = file.place(function)
        number = Num(asked, place, carried=True)
        given: dict[str, Value] = dict.fromkeys(parameters(function), number)
        return self._known(self.run(file, function, given), place)

    def _trapped(self) -> Iterator[tuple[int, CodePlace]]:
        file, name = self._start(_TRAP)
        function = file.whole(file.functions[name])
        for offset in range(0, PAGE_LAST + 1, SLOT):
            self.decided = None
            says = self._answer(file, function, offset)
            if says.value:
                yield offset, self.decided or says.place

    def _reasons(self) -> Iterator[Inhibit]:
        file, name = self._start(*_INHIBITS)
        every = ((f, label, node) for f in self._files for label, node in f.enumerators.items())
        listed = [(f, label, node) for f, label, node in every if label.startswith(_REASON)]
        if not listed:
            raise CodePlace(AVIC, 1).unknown("none", f"an enumeration of {_REASON}*")
        for home, label, node in listed:
            bit = self.enumerator(home, node)
            heeded = self._heeded(file, name, label, bit)
            reason, at = label.removeprefix(_REASON), str(home.place(node))
            yield Inhibit(name=reason, bit=bit, at=at, heeded=str(heeded or ""))

    def _heeded(self, file: CFile, name: str, label: str, bit: int) -> CodePlace | None:
        """Return where AVIC is told to heed a reason, None where it is not."""
        if macro := file.macros.get(name):
            mask = self._known(self.named(name, Frame(file), macro.place), macro.place)
            return self._line_of(label, macro.place) if mask.value >> bit & 1 else None
        mask = self._answer(file, file.whole(file.functions[name]), bit)
        return mask.where(bit) if mask.value else None

    def _line_of(self, word: str, place: CodePlace) -> CodePlace:
        """Return the line of a macro of several lines on which a word stands."""
        lines = Path(self.root, place.file).read_text("utf-8", "replace").splitlines()
        for number, line in enumerate(lines[place.line - 1 :], place.line):
            if re.search(rf"\b{word}\b", line):
                return CodePlace(place.file, number)
            if not line.endswith("\\"):
                break
        return place


def _roots(folder: Path) -> list[Path]:
    """Return where a tree may begin: here, or in a package that was unpacked here."""
    if (folder / AVIC).is_file() or not folder.is_dir():
        return [folder]
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _stated(root: Path) -> str:
    """Return the version that a tree states: Debian's, the Makefile's, or that of its name."""
    if (log := root / "debian" / "changelog").is_file():
        match = re.match(r"linux\S* \(([^)]+)\)", log.read_text("utf-8", "replace"))
        return match[1] if match else ""
    if not (makefile := root / "Makefile").is_file():
        match = re.search(r"linux[-_](\d+\.\d+\S*)", root.resolve().name)
        return match[1] if match else ""
    said = dict(
        re.findall(r"^(\w+) *= *(\S*)$", makefile.read_text("utf-8", "replace"), re.MULTILINE)
    )
    parts = [said.get(key, "") for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    return f"{'.'.join(p for p in parts if p)}{said.get('EXTRAVERSION', '')}"
