"""`vapic doctor host`: is AVIC on for new virtual machines, and in one that runs? And why not?

Hosts are made of files; traces are those of real kernels, and this kernel's own where it has one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import command_line
from app.core import inhibits
from app.core.knowledge import Knowledge
from app.probing.host import doctor
from app.probing.host.active import IsOn, new_machines
from app.probing.host.emulator import find_qemu as find_emulator
from app.probing.host.host import Host
from app.probing.host.machine_files import read_machine
from app.probing.host.reasons import Reasons
from app.probing.host.running import Run
from app.probing.host.tracing import find_tracefs
from app.probing.host.watching import Watched, read_watched
from tests.probe.booting import find_qemu, kvm_works
from tests.probe.hosts import CPUINFO, machine
from tests.probe.recordings import recording, watched

VAPIC = (sys.executable, "-c", "from app.cli.main import main; main()", "doctor", "host")
PARAMETER = "sys/module/kvm_amd/parameters/avic"
LOG = "6,900,1,-;kvm_amd: AVIC enabled\n SUBSYSTEM=x\n6,901,2,-;kvm_amd: TSC scaling supported\n"
OLD = CPUINFO.replace(" avic x2avic", "")
# What is changed of a host that lacks nothing, None for what is not there; and what is said of it.
HOSTS = [
    ({}, IsOn.ON, "AVIC is on for new VMs, and x2AVIC is too."),
    ({"dev/kmsg": LOG}, IsOn.ON, "kvm_amd: AVIC enabled"),
    ({}, IsOn.ON, "-> sudo dmesg | grep -i avic"),
    ({"proc/cpuinfo": CPUINFO.replace(" x2avic", "")}, IsOn.ON, "x2AVIC is not"),
    ({PARAMETER: "1\n", "proc/cpuinfo": OLD,
      "sys/module/kvm_amd/parameters/force_avic": "Y\n"}, IsOn.ON,
     "only because of kvm_amd.force_avic=1: CPUID does not report it"),
    ({PARAMETER: "N\n"}, IsOn.OFF, "sudo modprobe -r kvm_amd && sudo modprobe kvm_amd avic=1"),
    ({PARAMETER: "N\n", "proc/cpuinfo": OLD}, IsOn.OFF, "avic=1 force_avic=1"),
    ({PARAMETER: "N\n", "sys/module/kvm_amd/parameters/npt": "N\n"}, IsOn.OFF, "npt=1 avic=1"),
    ({PARAMETER: "N\n", "sys/module/kvm_amd/initstate": None}, IsOn.OFF,
     "boot it with kvm_amd.avic=1 on its command line"),
    ({PARAMETER: "N\n", "proc/sys/kernel/osrelease": "6.12.30\n"}, IsOn.OFF,
     "off in this kernel"),
    ({PARAMETER: None}, IsOn.UNKNOWN, "AVIC is not known for new VMs"),
    ({"sys/module/kvm_amd": None, "sys/module/kvm_pvm/x": "", "sys/module/kvm/x": ""},
     IsOn.OFF, "kvm_amd is not loaded; KVM here is kvm_pvm."),
    ({"sys/module/kvm_amd": None}, IsOn.OFF, "KVM is not loaded."),
    ({"sys/module/kvm_amd": None, "proc/cpuinfo": OLD.replace(" svm", "")}, IsOn.OFF,
     "The processor reports no SVM"),
    ({"proc/cpuinfo": CPUINFO.replace("AuthenticAMD", "GenuineIntel")}, IsOn.OFF,
     "GenuineIntel has no AVIC"),
    ({"proc/cpuinfo": None}, IsOn.ON, "/proc/cpuinfo cannot be read"),
]  # fmt: skip
QEMU_LINE = "qemu-system-x86_64\0-machine\0q35\0"


@pytest.fixture(scope="module")
def reasons(knowledge: Knowledge) -> Reasons:
    return Reasons(**json.loads(json.dumps(inhibits.as_data(knowledge))))


def changed(root: Path, files: dict[str, str | None]) -> Host:
    """A host with some files changed or gone."""
    host = machine(root)
    for name, text in files.items():
        path = root / name
        if text is None:
            subprocess.run(("rm", "-r", path), check=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return host


@pytest.mark.parametrize(("files", "answer", "said"), HOSTS)
def test_a_host_says_whether_new_machines_have_avic(tmp_path, reasons, files, answer, said) -> None:
    host = changed(tmp_path, files)
    text = doctor.text_of(doctor.diagnose(host, reasons), reasons)

    assert answer is new_machines(host).answer
    assert said in " ".join(text.split())
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 75


def running(root: Path, line: str = QEMU_LINE, *, pit: bool = False, apic: bool = True) -> None:
    """Make files of a running virtual machine of one vCPU, process 4711."""
    for name, target in {"9": "anon_inode:kvm-vm", "10": "anon_inode:kvm-vcpu:0"}.items():
        (root / "proc/4711/fd").mkdir(parents=True, exist_ok=True)
        (root / "proc/4711/fd" / name).symlink_to(target)
    (root / "proc/4711/task/4712").mkdir(parents=True)
    (root / "proc/4711/cmdline").write_text(line)
    (root / "proc/99").mkdir()
    (root / "proc/99/comm").write_text("kvm-pit/4711\n" if pit else "bash\n")
    vcpu = root / "sys/kernel/debug/kvm/4711-9/vcpu0"
    vcpu.mkdir(parents=True)
    (vcpu / ("lapic_timer_advance_ns" if apic else "tsc-offset")).write_text("0\n")
    (vcpu / "guest_mode").write_text("0\n")


IRQS = "x-1 [000] ..... 1.0: kvm_apic_accept_irq: apicid 0 vec 236 (Fixed|edge)\n"
LEFT = IRQS.replace("apic_", "apicv_")
FORGED = "x-1 [000] ..... 1.0: kvm_apicv_inhibit_changed: cleared reason=8, inhibits=0x0\n"
# A trace, the kernel, what else there is of the machine; the answer, its reasons, what is inferred.
TRACES = [
    ("6.1-xapic-forced.tracefs", "6.1.0-50", {}, IsOn.ON, ("PIT_REINJ",), ()),
    ("6.12-xapic-reinjecting.tracefs", "6.12.117", {}, IsOn.OFF, ("PIT_REINJ", "IRQWIN"), ()),
    ("6.12-xapic-off.perf", "6.12.117", {}, IsOn.OFF, ("DISABLED",), ()),
    ("6.1-xapic-off.tracefs", "6.1.0-50", {}, IsOn.OFF, ("DISABLE", "ABSENT"), ()),
    ("", "7.2.13", {"pit": True}, IsOn.UNKNOWN, (), ("PIT_REINJ",)),
    (IRQS, "7.2.13", {"pit": True}, IsOn.OFF, (), ("PIT_REINJ",)),
    (IRQS, "7.2.13", {"pit": True, "line": QEMU_LINE + "-global\0kvm-pit.lost_tick_policy=discard"},
     IsOn.OFF, (), ()),
    (IRQS, "7.2.13", {"line": QEMU_LINE + "-cpu\0host,hv_synic,hv_vpindex"}, IsOn.OFF, (),
     ("HYPERV",)),
    (IRQS, "7.2.13", {"line": QEMU_LINE + "-cpu\0host,hv_synic,hv-avic"}, IsOn.OFF, (), ()),
    (IRQS + LEFT, "7.2.13", {"pit": True}, IsOn.ON, (), ()),
    (FORGED + IRQS, "7.2.13", {}, IsOn.OFF, (), ()),
    (FORGED, "7.2.13", {}, IsOn.ON, (), ()),
    ("", "7.2.13", {"apic": False}, IsOn.OFF, ("ABSENT",), ()),
]  # fmt: skip


@pytest.mark.parametrize("row", TRACES)
def test_a_running_machine_is_judged_by_its_trace_and_by_its_files(tmp_path, reasons, row) -> None:
    trace, kernel, made, answer, held, inferred = row
    host = machine(tmp_path)
    (tmp_path / "proc/sys/kernel/osrelease").write_text(kernel)
    running(tmp_path, **made)
    vm = read_machine(host, 4711)
    text = recording(trace)[1] if trace[:2] in ("6.", "7.") else trace
    said = doctor.judge(host, new_machines(host), vm, read_watched(text, 3), reasons)

    assert [answer, inferred] == [said.answer, said.perhaps]
    assert held == said.reasons


# As Linux 6.12.117 prints it for the event of ours.
READ = (" CPU 0/KVM-9 [001] ...1. 209.187848: inhibits: (kvm_arch_vcpu_load+0x4/0x240 [kvm])"
        " mask={}\n")  # fmt: skip
UNSHOWN = "CPUID does not report AVIC, and no exit of it shows that the processor does it."
# On a host where AVIC is forced: what was traced there beside the doctor, the kernel, and what was
# read out of it; the answer, the reasons, and what is said.
FORCED = [
    ("6.1-window", "6.1.0-50", "", IsOn.OFF, ("IRQWIN",),
     "AVIC is inhibited in it: IRQWIN (inhibits=0x80); IRQWIN was set 2 times."),
    ("6.12-windows", "6.12.117", "", IsOn.ON, ("IRQWIN",),
     "KVM has AVIC on in it: no reason to inhibit it is left; meanwhile IRQWIN ("),
    ("7.2-window", "7.2.13", "", IsOn.OFF, ("IRQWIN",),
     "AVIC is inhibited in it: IRQWIN (inhibits=0x100)"),
    ("6.12-forced", "6.12.117", "", IsOn.ON, (), f"KVM has AVIC on in it. {UNSHOWN}"),
    ("", "7.2.13", "", IsOn.UNKNOWN, (), "processor that has no AVIC (inference)."),
    ("", "7.2.13", READ.format("0x0"), IsOn.ON, (),
     f"KVM has AVIC on in it: no reason to inhibit it is left. {UNSHOWN}"),
    ("", "7.2.13", READ.format("0x100") + READ.format("0x200"), IsOn.OFF, ("PIT_REINJ",),
     "AVIC is inhibited in it: PIT_REINJ (inhibits=0x200)."),
]  # fmt: skip


@pytest.mark.parametrize("row", FORCED)
def test_where_avic_is_forced_nothing_is_taken_for_the_processors_doing(
    tmp_path, reasons, row
) -> None:
    trace, kernel, read, answer, held, text = row
    host = changed(tmp_path, {"proc/cpuinfo": OLD, "proc/sys/kernel/osrelease": kernel,
                              PARAMETER.replace("avic", "force_avic"): "Y\n"})  # fmt: skip
    running(tmp_path)
    seen = read_watched(watched(trace) if trace else "", 3, read)
    said = doctor.judge(host, new_machines(host), read_machine(host, 4711), seen, reasons)

    assert (answer, held, bool(read)) == (said.answer, said.reasons, seen.read)
    assert text in said.text
    assert "inhibits=" in seen.text or not read


def test_a_thread_stands_for_its_process_and_a_vm_for_the_thread_that_made_it(tmp_path) -> None:
    host = machine(tmp_path)
    running(tmp_path, pit=True)
    (tmp_path / "proc/4712").mkdir()
    (tmp_path / "proc/4712/status").write_text("Name:\tvmm\nTgid:\t4711\nPid:\t4712\n")
    debugfs = tmp_path / "sys/kernel/debug/kvm"
    (debugfs / "4711-9").rename(debugfs / "4712-9")
    vm = read_machine(host, 4712)

    assert (4711, True, True) == (vm.pid, vm.pit, vm.local_apic)
    assert "4711, qemu-system-x86_64, of which 4712 is a thread" == vm.signs[0].text
    assert "1 vCPU, its local APIC is in the kernel" == vm.signs[-1].text


def test_what_came_and_went_is_told_where_avic_is_on(tmp_path, reasons) -> None:
    host = machine(tmp_path)
    running(tmp_path)
    masks = ((0x100, "IRQWIN"), (0, ""))
    seen = Watched(3, masks, accepted=2, by_avic=2)
    said = doctor.judge(host, new_machines(host), read_machine(host, 4711), seen, reasons)

    told = "AVIC is on in it: no reason to inhibit it is left; meanwhile IRQWIN came and went."
    assert told == said.text
    assert (IsOn.ON, ("IRQWIN",)) == (said.answer, said.reasons)


def test_a_setting_is_held_against_the_command_line_and_libvirt_is_named_beside(
    tmp_path, reasons
) -> None:
    host = machine(tmp_path)
    running(tmp_path, pit=True)
    found = doctor.diagnose(host, reasons, 4711, 0.1)
    text = " ".join(doctor.text_of(found, reasons).split())

    assert IsOn.UNKNOWN is found.answer
    assert "PIT_REINJ, perhaps (inference)" in text
    assert "-global kvm-pit.lost_tick_policy=discard (not on its command line)" in text
    assert "<timer name='pit' tickpolicy='discard'/>" in text
    assert "Firecracker" not in text
    # A folder of files is no tracefs.
    assert "trace none:" in text


@pytest.mark.parametrize("module", ["kvm_pvm", "kvm_intel"])
def test_a_machine_of_another_kvm_has_none(tmp_path, reasons, module) -> None:
    host = changed(tmp_path, {"sys/module/kvm_amd": None, "sys/module/kvm/x": "",
                              f"sys/module/{module}/x": ""})  # fmt: skip
    running(tmp_path)
    found = doctor.diagnose(host, reasons, 4711, 0.1)

    assert IsOn.OFF is found.answer
    assert f"as in all. kvm_amd is not loaded; KVM here is {module}." in found.running.text
    assert () == found.running.reasons


def test_who_may_not_look_into_tracefs_is_told_to_be_root(tmp_path) -> None:
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    tmp_path.chmod(0o700)
    os.seteuid(65534)
    try:
        assert find_tracefs(Host(tmp_path)) is None
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(("pid", "said"), [(2**22 - 7, "There is no process"), (1, "no VM of KVM")])
def test_a_process_without_a_machine_is_not_known(reasons, pid, said) -> None:
    if os.geteuid():
        pytest.skip("only root sees what others have open")
    found = doctor.diagnose(Host(), reasons, pid, 0.1)
    assert (2, True) == (found.answer.code, said in found.running.text)


def test_this_very_host_is_told_as_it_is() -> None:
    ran = CliRunner().invoke(command_line("doctor"), ["doctor", "host", "--json"])
    said = json.loads(ran.stdout)
    parameter = Path("/", PARAMETER)
    on = parameter.exists() and parameter.read_text().strip() in ("Y", "1")

    assert (0 if on else 1) == ran.exit_code
    assert ("on" if on else "off") == said["answer"]
    if not Path("/sys/module/kvm_amd").exists():
        assert any(word in said["new"]["text"] for word in ("not loaded", "no AVIC"))
        assert [] == said["reasons"]


@pytest.mark.skipif(not kvm_works(), reason="no KVM for this user")
def test_a_real_machine_is_traced_and_nothing_is_left_also_when_it_is_stopped(
    guest: Path, tracefs: Path, tmp_path: Path, reasons
) -> None:
    qemu = find_emulator(find_qemu())
    run = Run("kvm", "x2apic", ("repeat=60",), x2avic=True)
    command = run.command(qemu, str(guest), str(tmp_path / "log"), str(tmp_path / "memory"))
    command = ["host,-arch-capabilities" if word == "host" else word for word in command]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as booted:
        time.sleep(1)
        found = doctor.diagnose(Host(), reasons, booted.pid, 1, tracefs)
        # What a guest does costs a processor where KVM emulates it; nobody looks at it here.
        booted.send_signal(signal.SIGSTOP)
        asked = (*VAPIC, "--pid", str(booted.pid), "--seconds", "60", "--tracefs", str(tracefs))
        with subprocess.Popen(asked, stderr=subprocess.PIPE, text=True) as stopped:
            name = tracefs / "instances" / f"vapic-probe-{stopped.pid}"
            end = time.monotonic() + 30
            while not name.exists() and time.monotonic() < end:
                time.sleep(0.1)
            was_there = name.exists()
            stopped.send_signal(signal.SIGTERM)
            told = stopped.communicate(timeout=30)[1]
        threading.Timer(0.3, booted.kill).start()
        gone = doctor.diagnose(Host(), reasons, booted.pid, 1, tracefs)

    assert "QEMU" == found.hypervisor
    assert (IsOn.UNKNOWN, True) == (gone.answer, "ended while" in gone.running.text)
    assert IsOn.OFF is found.answer or Path("/", PARAMETER).exists()
    assert any(
        sign.name == "trace" and sign.text.startswith("1 s: ") for sign in found.running.signs
    )
    assert was_there
    assert (143, "vapic: interrupted by SIGTERM: tracing is off.\n") == (stopped.returncode, told)
    assert not list((tracefs / "instances").glob(f"vapic-probe-{stopped.pid}*"))
    assert f"vapic_{stopped.pid}" not in (tracefs / "dynamic_events").read_text()
