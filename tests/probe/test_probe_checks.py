"""What `vapic probe` finds on a machine, and says about what is missing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.words import Mode
from app.probing.host.checks import CheckState, Wish, check_host
from app.probing.host.emulator import Qemu, find_qemu
from app.probing.host.host import Host
from app.probing.host.plan import fold_command, make_plan, plan_text
from tests.probe.hosts import CPUID, CPUINFO, QEMU, TRACING, fake_cpuid, machine

OUT = Path("out.json")
KVM = Wish("kvm", OUT)
TCG = Wish("tcg", OUT)
OLD = replace(QEMU, version="7.2.22", discards=False)


def _file(name: str, text: str):
    return lambda root: (root / name).write_text(text)


def _gone(name: str):
    def remove(root: Path) -> None:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    return remove


def _cpu(old: str, new: str):
    return _file("proc/cpuinfo", CPUINFO.replace(old, new))


def _cpuid(leaves):
    return lambda root: fake_cpuid(root, leaves)


def _unfit(host: Host, wish: Wish = KVM, qemu: Qemu | None = QEMU):
    return [f for f in check_host(host, qemu, wish) if f.state is not CheckState.FINE]


VIRTUAL, AVIC = (0xB00F21, 0, 1 << 31, 0), CPUID[0x8000000A]
MISSING, REMARK = CheckState.MISSING, CheckState.REMARK
PARAMETER = "sys/module/kvm_amd/parameters"
LOCKED = "none integrity [confidentiality]\n"
# What was done to the machine, or the file that may not be used; what is said of it.
UNFIT = [
    (_cpu("AuthenticAMD", "GenuineIntel"), "processor", "This is GenuineIntel", "such a processor"),
    (_cpu("svm ", ""), "processor", "does not offer SVM", "firmware"),
    (
        lambda root: (_cpu("svm ", "")(root), _cpuid({1: VIRTUAL})(root)),
        "processor",
        "a virtual one",
        "bare metal",
    ),
    (_gone("proc/cpuinfo"), "processor", "no x86 processor", ""),
    (_gone("dev/kvm"), "/dev/kvm", "does not exist", "modprobe kvm_amd"),
    ("dev/kvm", "/dev/kvm", "may not open", "group"),
    (_gone("sys/module/kvm_amd"), "kvm_amd", "not loaded", "modprobe kvm_amd"),
    (_file(f"{PARAMETER}/avic", "N\n"), "kvm_amd.avic", "It is N", "kvm_amd avic=1"),
    (_file(f"{PARAMETER}/avic", "0\n"), "kvm_amd.avic", "It is 0", "kvm_amd avic=1"),
    (_gone(f"{PARAMETER}/avic"), "kvm_amd.avic", "no parameter avic", "kernel"),
    (_file(f"{PARAMETER}/npt", "N\n"), "kvm_amd.npt", "Nested paging is off", "npt=1"),
    (_cpu(" avic", ""), "AVIC", "no avic in /proc/cpuinfo", "firmware"),
    (_gone(f"{TRACING}/tracing_on"), "tracefs", "not mounted", "mount -t tracefs"),
    (TRACING, "tracefs", "may not use", "sudo"),
    (f"{TRACING}/set_event", "tracefs", "not switch events on", "sudo"),
    (_gone(f"{TRACING}/events/kvm/kvm_exit"), "tracefs", "no event kvm:kvm_exit", "kvm_amd"),
    (_file("sys/kernel/security/lockdown", LOCKED), "tracefs", "locked down", "lockdown=none"),
    (_cpu(" x2avic", ""), "x2AVIC", "only the page", None),
    (_cpuid({1: VIRTUAL, 0x8000000A: AVIC}), "bare metal", "virtual", None),
    (_gone("dev/cpu/0/cpuid"), "CPUID", "stays unknown", None),
    (_file(f"{PARAMETER}/enable_ipiv", "N\n"), "IPIs", "lets every IPI exit", None),
]


def test_a_machine_that_has_everything_lacks_nothing(tmp_path):
    found = check_host(machine(tmp_path), QEMU, KVM)

    assert {CheckState.FINE} == {each.state for each in found}
    assert ["QEMU", "compiler", "processor", "/dev/kvm", "kvm_amd.avic", "AVIC", "x2AVIC"] == [
        each.name for each in found
    ][:7]


@pytest.mark.parametrize(("damage", "name", "text", "todo"), UNFIT, ids=lambda p: str(p)[:20])
def test_what_will_not_do_is_said_in_plain_words_with_what_to_do(
    damage, name, text, todo, tmp_path
):
    forbidden = isinstance(damage, str)
    host = machine(tmp_path, forbidden=(damage,) if forbidden else ())
    if not forbidden:
        damage(tmp_path)
    (found,) = _unfit(host)

    # A remark makes a measurement poorer and stops nothing.
    assert (REMARK if todo is None else MISSING, name) == (found.state, found.name)
    assert text in found.text
    assert (todo or "") in found.todo


@pytest.mark.parametrize(
    ("wish", "qemu", "name", "text"),
    [
        (TCG, None, "QEMU", "There is no qemu-system-x86_64"),
        (KVM, replace(QEMU, accelerators=frozenset({"tcg"})), "QEMU", "without kvm"),
        (replace(TCG, modes=(Mode.X2AVIC,)), OLD, "x2APIC", "--mode x2avic takes it"),
    ],
)
def test_an_unfit_qemu_is_told(wish, qemu, name, text, tmp_path):
    (found,) = _unfit(machine(tmp_path), wish, qemu)

    assert name == found.name
    assert text in found.text


@pytest.mark.parametrize(
    ("option", "place", "text"),
    [
        ("output", "there", "there is there already."),
        ("output", "none/out", "none: No such file or directory."),
        ("output", "/proc/out", "Nothing can be written to /proc: "),
        ("keep", "there", "there: Not a directory."),
        ("keep", "there/none", "there: Not a directory."),
        ("keep", "/proc/none/kept", "Nothing can be written to /proc: "),
        ("keep", "kept", "kept/x2apic.trace is there already."),
        ("keep", "new/kept", None),
    ],
)
def test_a_plan_says_what_is_in_the_way_of_its_files_and_makes_none(
    option, place, text, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("there").write_text("mine")
    Path("kept").mkdir()
    Path("kept/x2apic.trace").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    found = make_plan(Host(tmp_path), QEMU, replace(TCG, **{option: Path(place)})).findings
    missing = [f for f in found if f.name == f"--{option}" and f.state is MISSING]

    assert [text] * bool(text) == [text for each in missing if text in each.text]
    assert before == sorted(tmp_path.rglob("*"))
    assert all(f"with --{option}." in each.todo for each in missing)


def _todo(host: Host, name: str) -> str:
    return next(each.todo for each in check_host(host, QEMU, KVM) if each.name == name)


def test_a_kvm_that_is_built_in_takes_its_parameters_from_the_command_line(tmp_path):
    host = machine(tmp_path)
    _file(f"{PARAMETER}/avic", "N\n")(tmp_path)
    assert "sudo modprobe kvm_amd avic=1" in _todo(host, "kvm_amd.avic")

    _gone("sys/module/kvm_amd/initstate")(tmp_path)
    assert "boot it with kvm_amd.avic=1 on its command line" in _todo(host, "kvm_amd.avic")


@pytest.mark.parametrize(
    ("release", "flags", "command"),
    [
        ("6.17.1", "svm avic x2avic", "sudo modprobe kvm_amd avic=1"),
        ("6.18.0", "svm avic x2avic", "sudo modprobe kvm_amd"),
        ("7.2.0", "svm avic", "sudo modprobe kvm_amd avic=1"),
    ],
)
def test_kvm_is_loaded_with_avic_only_where_it_has_to_be_asked_for(
    release, flags, command, tmp_path
):
    host = machine(tmp_path)
    _file("proc/sys/kernel/osrelease", release)(tmp_path)
    _cpu("apic svm npt avic x2avic", flags)(tmp_path)
    _gone("sys/module/kvm_amd")(tmp_path)

    assert f"Load it: {command}" == _todo(host, "kvm_amd")


def test_a_part_that_masks_avic_is_led_to_force_it_and_then_measured(tmp_path):
    host = machine(tmp_path)
    _cpu(" avic", "")(tmp_path)
    _file(f"{PARAMETER}/avic", "N\n")(tmp_path)
    again = "sudo modprobe -r kvm_amd && sudo modprobe kvm_amd avic=1 force_avic=1"
    assert _todo(host, "AVIC").endswith(f" With no guest running: {again}")
    assert "See AVIC, below." == _todo(host, "kvm_amd.avic")

    _gone("sys/module/kvm_amd/initstate")(tmp_path)
    words = "kvm_amd.avic=1 kvm_amd.force_avic=1"
    assert f"boot it with {words} on its command line" in _todo(replace(host), "AVIC")
    _gone("sys/module/kvm_amd")(tmp_path)
    assert _todo(replace(host), "AVIC").endswith(
        " Load it: sudo modprobe kvm_amd avic=1 force_avic=1"
    )

    other = tmp_path / "forced"
    forced = machine(other)
    _cpu(" avic", "")(other)
    _file(f"{PARAMETER}/force_avic", "Y\n")(other)
    assert [(REMARK, "AVIC")] == [(f.state, f.name) for f in _unfit(forced)]


def test_whoever_is_not_root_is_told_how_root_calls_it(tmp_path):
    host = machine(tmp_path, forbidden=(TRACING,))
    (found,) = _unfit(host, replace(KVM, command="/a/b/vapic probe"))

    assert "Run it as root: sudo /a/b/vapic probe" == found.todo


def test_a_guest_to_be_built_wants_a_compiler_and_a_built_one_does_not(tmp_path):
    host = machine(tmp_path, tools=("ld",))
    built = replace(TCG, kernel=tmp_path / "probe.elf")

    assert [("compiler", True)] == [(f.name, "no gcc" in f.text) for f in _unfit(host, TCG)]
    assert ["QEMU"] == [f.name for f in check_host(host, QEMU, built)]
    assert ["QEMU", "x2APIC"] == [f.name for f in check_host(Host(tmp_path), OLD, built)]


@pytest.mark.parametrize(
    ("release", "told"),
    [
        ("6.18.3-1-amd64", "6.18.3-1-amd64"),
        ("6.12.48-1-pve", "6.12.48-1-pve"),
        ("7.2.0-rc3-fancyname+", "7.2.0-rc3"),
        ("7.1.0-FancyName", "7.1.0"),
        ("6.1.0 of somebody", "6.1.0"),
        ("", "unknown"),
    ],
)
def test_the_kernels_release_never_names_the_machine(release, told, tmp_path):
    host = machine(tmp_path)
    (tmp_path / "proc/sys/kernel/osrelease").write_text(release)

    assert told == host.kernel


def test_what_the_host_is_comes_from_its_own_cpuid(tmp_path):
    host = machine(tmp_path)
    assert (False, AVIC[3], "6.18") == (host.virtual, host.svm_edx, host.branch)

    fake_cpuid(tmp_path, {1: VIRTUAL, 0x8000000A: (1, 0, 0, 0)})
    assert (True, 0) == (host.virtual, host.svm_edx)


def test_without_the_device_the_flags_of_the_kernel_say_what_they_can(tmp_path):
    host = machine(tmp_path)
    (tmp_path / "dev/cpu/0/cpuid").unlink()
    (tmp_path / "proc/cpuinfo").write_text(CPUINFO.replace("apic svm", "apic svm hypervisor"))

    assert (True, None) == (host.virtual, host.svm_edx)


def test_only_parameters_that_bear_on_avic_are_read(tmp_path):
    host = machine(tmp_path)
    (tmp_path / PARAMETER / "secret").write_text("42")
    (tmp_path / PARAMETER / "nested").write_text("two words")

    assert {"kvm_amd.avic": "Y", "kvm_amd.npt": "Y", "kvm_amd.enable_ipiv": "Y"} == host.parameters


def test_the_plan_shows_commands_files_and_what_leaves_in_75_columns(tmp_path):
    host = machine(tmp_path)
    text = plan_text(make_plan(host, QEMU, Wish("kvm", Path("out.json"), disruptive=True)))

    assert [] == [line for line in text.splitlines() if len(line) > 75 or not line.isascii()]
    flat = " ".join(text.replace("\\\n", " ").split())
    assert "-accel kvm -machine q35,kernel_irqchip=on,memory-backend=m -cpu host" in flat
    assert "kvm-pit.lost_tick_policy=discard" in flat
    assert "memory-backend-file,id=m,size=64M,mem-path=x2apic.m,share=on" in flat
    assert "'apic=x2apic repeat=20 disruptive results=memory lines'" in flat
    assert "instances/vapic-probe-PID" in flat
    assert "written out.json" in flat
    assert "Nothing. No host name, serial number or address is collected." in flat
    assert "panic_on_warn" in flat


PLAIN = CPUINFO.replace(" x2avic", "")
ONLY_X2AVIC = (Mode.X2AVIC,)
KEPT = "q35,kernel_irqchip=on"
SPLIT = "q35,kernel_irqchip=split"
COMMANDS = [
    (QEMU, CPUINFO, (), ["host", "host"], KEPT),
    (OLD, CPUINFO, (), ["host", "host"], SPLIT),
    (QEMU, PLAIN, (), ["host,-x2apic"], KEPT),
    (QEMU, PLAIN, ONLY_X2AVIC, ["host"], KEPT),
]


@pytest.mark.parametrize("case", COMMANDS, ids=("all", "old QEMU", "no x2AVIC", "asked for"))
def test_the_command_keeps_avic_from_being_switched_off(case, tmp_path):
    qemu, cpuinfo, modes, cpus, machines = case
    host = machine(tmp_path)
    (tmp_path / "proc/cpuinfo").write_text(cpuinfo)
    plan = make_plan(host, qemu, Wish("kvm", Path("out.json"), modes=modes))
    commands = [run.command(qemu, "k", "s", "m") for run in plan.runs]

    assert cpus == [c[c.index("-cpu") + 1] for c in commands]
    assert {f"{machines},memory-backend=m"} == {c[c.index("-machine") + 1] for c in commands}
    assert qemu.discards == ("kvm-pit.lost_tick_policy=discard" in commands[0])


@pytest.mark.parametrize(
    ("qemu", "modes"), [(QEMU, ["xapic", "x2apic"]), (OLD, ["xapic"])], ids=("10.0", "7.2")
)
def test_software_emulation_runs_the_modes_that_it_has(qemu, modes, tmp_path):
    plan = make_plan(Host(tmp_path), qemu, Wish("tcg", Path("out.json")))

    assert modes == [run.apic for run in plan.runs]
    assert plan.tracefs is None
    assert "says nothing about AVIC" in " ".join(plan_text(plan).split())


def test_without_a_memory_of_ours_the_results_come_over_the_serial_port(tmp_path):
    plan = make_plan(machine(tmp_path), replace(QEMU, version="4.2.1"), KVM)
    words = [run.command(plan.qemu, "k", "s", "m") for run in plan.runs]

    assert [] == [word for command in words for word in command if "memory" in word]
    assert {"file:s"} == {command[command.index("-serial") + 1] for command in words}


def test_a_folded_command_is_the_same_command(tmp_path):
    plan = make_plan(machine(tmp_path), QEMU, Wish("kvm", Path("out.json")))
    for command in plan.commands():
        assert command == " ".join(line.rstrip(" \\").strip() for line in fold_command(command))


def test_a_file_that_is_no_qemu_is_not_taken_for_one(tmp_path):
    other = tmp_path / "qemu"
    other.write_text("#!/bin/sh\necho hello\n")
    other.chmod(0o755)

    assert find_qemu(str(other)) is None
    assert find_qemu(str(tmp_path / "none")) is None
    assert isinstance(QEMU, Qemu)
