"""`make measure-emulations`: documents of this machine's KVM and QEMU, and of three Debians'.

They come into ``var/emulations``; those that the seed keeps were copied from there. A table says
of each how it differs from the one that is kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.core.emulator_words import Emulator
from app.core.facts import Emulation
from app.errors import AppError
from app.probing import guest_build
from app.probing.correlation import read_without_trace
from app.probing.guest_memory import read_log
from app.probing.host.emulator import find_qemu
from app.probing.host.running import Run
from app.probing.packing import pack
from app.probing.probe_document import HostFacts, as_bytes, document
from tests.rehearse import machine, packages, steps

ROOT = Path(__file__).resolve().parents[2]
OUT, KEPT = ROOT / "var" / "emulations", ROOT / "seed" / "measurements"
CACHE = ROOT / "var" / "rehearse"
HERE, SUITES = "here", ("bookworm", "trixie", "sid")
# No AVIC is there that it could disturb, so that the guest writes what may.
WORDS = ("repeat=3", "disruptive")
MODES = ("xapic", "x2apic")
SECONDS = 900
BASE = "Measured by the probe's guest alone: what it saw, and nothing of exits."
NESTED = (
    "The kernel, with kvm_amd, ran in a machine whose AMD processor QEMU emulates: with SVM and "
    "without AVIC, so that KVM's own local APIC answered."
)


def main(places: Sequence[str]) -> int:
    """Measure at each place and say what came of it; return how many documents differ."""
    OUT.mkdir(parents=True, exist_ok=True)
    differing = 0
    for place in places or (HERE, *SUITES):
        for host, logs in here() if place == HERE else suite(place):
            body = document([read_without_trace(log) for log in logs], host)
            cpu = body["cpu"]["vendor"]
            told = {**host.emulation, "name": Emulator(host.emulation["name"])}
            name = f"{Emulation(vendor=cpu, **told).slug}.json"
            (OUT / name).write_bytes(as_bytes(body))
            found = difference(body, KEPT / name)
            differing += bool(found)
            print(f"{name:<28}{len(body['observations']):>6} observations  {found}", flush=True)
    return differing


def difference(body: Mapping[str, object], kept: Path) -> str:
    """Say how a document differs from the one that is kept."""
    if not kept.exists():
        return "none is kept"
    told = [{json.dumps(one, sort_keys=True) for one in each["observations"]}
            for each in (body, json.loads(kept.read_text("utf-8")))]  # fmt: skip
    unlike = len(told[0] ^ told[1])
    return f"{unlike} not as in the one that is kept" if unlike else ""


def here() -> Iterator[tuple[HostFacts, list[bytes]]]:
    """Yield what the guest says under this machine's KVM, as two vendors, and under its QEMU."""
    said = subprocess.run(("qemu-system-x86_64", "--version"), capture_output=True, text=True,
                          check=True)  # fmt: skip
    qemu = said.stdout.split("version ")[1].partition("\n")[0]
    modules = (path.name for path in Path("/sys/module").glob("kvm_*"))
    with tempfile.TemporaryDirectory() as folder:
        elf = guest_build.build(Path(folder, "guest"))
        if Path("/dev/kvm").exists():
            kernel = os.uname().release
            told = {"name": "kvm", "version": kernel, "flavour": next(modules, "")}
            for vendor in ("AuthenticAMD", "GenuineIntel"):
                cpu = f"host,-arch-capabilities,vendor={vendor}"
                logs, command = boots(elf, "kvm", cpu)
                yield facts(told, kernel, HERE, f"As this machine has it. {command}"), logs
        logs, command = boots(elf, "tcg", "max")
        yield facts({"name": "qemu", "version": qemu}, qemu, HERE, command), logs


def boots(elf: Path, accel: str, cpu: str) -> tuple[list[bytes], str]:
    """Boot the guest in both modes; return the logs of those that it had, and one command."""
    logs = []
    for apic in MODES:
        memory = elf.with_name("memory")
        memory.unlink(missing_ok=True)
        run = Run(accel, apic, WORDS, x2avic=True)
        command = run.command(find_qemu("qemu-system-x86_64"), str(elf), "/dev/null", str(memory))
        command = tuple(cpu if word == run.cpu else word for word in command)
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                       timeout=SECONDS)  # fmt: skip
        logs += measured(read_log(memory))
    return logs, told_of(" ".join(command), elf.parent)


def told_of(command: str, folder: Path) -> str:
    """Return the command of a boot as notes tell it."""
    return f"The boot of one mode: `{command.replace(f'{folder}/', '')}`"


def measured(log: bytes) -> list[bytes]:
    """Return a log in a list; none where there is no access in it, as without x2APIC mode."""
    try:
        return [log] if read_without_trace(log).results else []
    except AppError as error:
        print(f"left out: {error}", file=sys.stderr)
        return []


def suite(name: str) -> Iterator[tuple[HostFacts, list[bytes]]]:
    """Yield what the guest says under the KVM and the QEMU of one Debian, under its kernel."""
    place = CACHE / name
    with tempfile.TemporaryDirectory() as folder:
        probe = pack(Path(folder, "probe.pyz")).read_bytes()
    own = {
        "init": (0o755, Path(__file__).with_name("inside.py").read_bytes()),
        "tests/rehearse/steps.py": (0o644, Path(steps.__file__).read_bytes()),
        "probe.pyz": (0o755, probe),
        "words": (0o644, " ".join(WORDS).encode()),
    }
    print(f"{name}: booting its kernel", flush=True)
    machine.boot(packages.fetch(name, place), own, place)
    out = place / "out"
    versions = json.loads((out / "versions.json").read_text())
    for accel, emulator in (("kvm", "kvm"), ("tcg", "qemu")):
        logs = [
            log for apic in MODES for log in measured((out / f"{accel}-{apic}.log").read_bytes())
        ]
        told = {"name": emulator, "version": versions[accel]}
        told |= {"flavour": "kvm_amd"} if accel == "kvm" else {}
        command = told_of((out / f"{accel}-xapic.command").read_text(), Path("/tmp"))
        how = f"{NESTED} " if accel == "kvm" else ""
        if logs:
            yield facts(told, versions[accel], name, f"{how}{command}"), logs


def facts(told: Mapping[str, str], version: str, place: str, how: str) -> HostFacts:
    """Return what the host says of a boot."""
    return HostFacts(
        version=version,
        command=f"make measure-emulations SUITES={place}",
        host={"virtual": True},
        emulation=told,
        notes=f"{BASE} {how}",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
