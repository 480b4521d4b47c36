"""Traces as people send them: wrapped, coloured, with stacks, in layouts that are not read.

Each gives the results of the plain trace, or is refused with words that name what is the
matter; none gives other results.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from textwrap import wrap

import pytest

from app.intake import probed
from app.probing import correlation
from app.probing.correlation import Correlation, NoMarker
from tests.probe.layouts import LAYOUTS
from tests.probe.runs import HOST, LDR, TPR, came_to, short_boot
from tests.probe.scenes import Scene, faulted, lost

PERF_STACK = """\
        ffffffffc0a1b2c3 svm_vcpu_run+0x1f3 ([kvm_amd])
        ffffffffc09d1234 kvm_arch_vcpu_ioctl_run+0x7a4 ([kvm])
        ffffffffc09d4321 kvm_cpuid+0x1a ([kvm])
                  4a5b6c ioctl+0x3b (/usr/lib64/libc.so.6)

"""
FTRACE_STACK = """\
 => trace_event_raw_event_kvm_exit
 => kvm_cpuid
 => svm_vcpu_run
"""
TRACE_CMD_STACK = """\
=> kvm_vcpu_kick (ffffffffc09d1234)
=> kvm_cpuid (ffffffffc09d4321)
"""
GREP, PLAIN = "\x1b[01;31m\x1b[K", "\x1b[m\x1b[K"


def beside(event: str, stack: str) -> Callable[[str], str]:
    """Put a stack behind each exit; with ``event`` it is one of its own."""

    def put(text: str) -> str:
        lines = []
        for line in text.splitlines(keepends=True):
            lines.append(line)
            if "kvm_exit:" in line:
                lines += [re.sub(r"(?:kvm:)?kvm_exit:.*", event, line)] if event else []
                lines.append(stack)
        return "".join(lines)

    return put


def seen(run: Correlation) -> Sequence[dict[str, object]]:
    """What a document would say of each access."""
    body: dict[str, Sequence[dict[str, object]]] = probed.document([run], HOST)
    return body["observations"]


def each(change: str) -> Callable[[str], str]:
    return lambda text: "\n".join(change.format(line) for line in text.splitlines())


SAME: Sequence[tuple[str, Callable[[str], str]]] = [
    ("stacks of perf -g", beside("", PERF_STACK)),
    ("stacks of ftrace", beside("<stack trace>", FTRACE_STACK)),
    ("user stacks of ftrace", beside("<user stack trace>", " =>  <00007f108be00000>\n")),
    ("stacks of trace-cmd -T", beside("kernel_stack:    <stack trace >", TRACE_CMD_STACK)),
    ("the function tracer", beside("", "       CPU 0/KVM-2101    [003] d....   512.000012: "
     "kvm_exit_it <-svm_vcpu_run\n")),
    ("records of perf", beside("", "   perf  99 [000] 511.000000: PERF_RECORD_COMM exec: perf:9/9\n"
     "   CPU 0/KVM  2101 [003] 512.000000: PERF_RECORD_SWITCH OUT\n")),
    ("bytes of perf script -D", beside("", "0x4d8@perf.data [0x28]: event: 9\n.\n. ... raw event: "
     "size 40 bytes\n.  0000:  09 00 00 00 01 00 70 00                          ......p.\n.\n"
     "3 512000001 0x4d8 [0x28]: PERF_RECORD_SAMPLE(IP, 0x1): 9/9: 0xffff period: 1 addr: 0\n"
     " ... thread: CPU 0/KVM:2101\n ...... dso: [kernel.kallsyms]\n")),
    ("numbers in upper case", lambda text: re.sub(
        r"0x[0-9a-f]+", lambda m: f"0X{m[0][2:].upper()}", text)),
    ("another's events", beside("sched:sched_switch: prev_comm=kvm_exit: next_pid=1", "")),
    ("grep --color", lambda text: re.sub(r"kvm_\w+", rf"{GREP}\g<0>{PLAIN}", text)),
    ("coloured lines", each("\x1b[38;5;31m{}\x1b[0m")),
    ("colours of 24 bits", each("\x1b[38:2::255:0:0m{}\x1b[0m")),
    ("colours of bat", each("\x1b[38;5;246m  17 \x1b[0m{}")),
    ("colours as they are spelled", each(r"\e[31m{}\033[0m")),
    ("colours as less shows them", each("ESC[31m{}\u241b[m")),
    ("colours without their first character", each("[1;31m{}[0m")),
    ("links of a terminal", each("\x1b]8;;http://a\x1b\\{}\x1b]8;;\x1b\\")),
    ("struck twice", lambda text: text.replace("kvm_", "k\bkv\bvm\bm_")),
    ("colours as cat -v shows them", each("^[[31m{}^[[0m")),
    ("colours as a copy leaves them", lambda text: text.replace("kvm", "[01;31m[Kkvm[m[K")),
    ("grep -n", lambda text: "".join(f"{n}:{li}\n" for n, li in enumerate(text.splitlines(), 1))),
    ("quoted in a mail", each("> {}")),
    ("indented", each("    {}")),
    ("blanks gone", lambda text: "\n".join(" ".join(li.split()) for li in text.splitlines())),
    ("ends of lines of DOS", lambda text: text.replace("\n", "\r\n")),
    ("ends of lines of both", lambda text: "\r\n".join(text.split("\n", 9))),
    ("ends of lines of a serial terminal", lambda text: text.replace("\n", "\r\r\n")),
    ("blanks of a web page", lambda text: text.replace(" ", "\xa0")),
    ("a journal", each("Nov 22 13:00:00 host qemu[12]: {}")),
    ("stacks without symbols", beside("", "\tffffffff81000000 [unknown] ([kernel.kallsyms])\n\n")),
    ("stacks with lines of sources", beside("", "      ffffffffc0a1b2c3 kvm_cpuid (inlined)\n"
     "  cpuid.c:1503\n\n")),
    ("stacks that look like events", beside("", " => kvm_cpuid: 0x33\n"
     "=> kvm_exit: 0x1a/0x90 [kvm]\n")),
    ("stacks with offsets", beside("", " => kvm_cpuid+0x33/0x90 [kvm]\n => 0xffffffffc0\n")),
    ("nanoseconds", lambda text: re.sub(r"\.(\d{6}):", r".\g<1>000:", text)),
    ("a clock that counts", lambda text: re.sub(r"\.(\d{6}):", r"\1:", text)),
    ("text of later kernels", lambda text: re.sub(r"(?m)(kvm_\w+: .*)$", r"\1 NEW|WORDS", text)),
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("change", [c for _, c in SAME], ids=[name for name, _ in SAME])
def test_what_says_the_same_gives_the_same(change: Callable[[str], str], layout: str) -> None:
    scene = short_boot()
    plain = seen(correlation.correlate(scene.guest(), scene.trace(layout)))
    run = correlation.correlate(scene.guest(), change(scene.trace(layout)))
    assert ("", (), 4) == (run.void, run.discarded, len(run.results))
    assert plain == seen(run)


def test_the_difference_of_times_is_passed_over() -> None:
    scene = short_boot()
    for difference in ("(+1)     ", "(+    12) ", "(-3) "):
        told = re.sub(r"(\.\d{6}: )", rf"\1{difference}", scene.trace())
        assert 4 == len(correlation.correlate(scene.guest(), told).results)


@pytest.mark.parametrize("left_out", [r" \[\d{3}\]", r" +\d+\.\d{6}:"], ids=["cpu", "time"])
def test_perf_may_leave_out_the_processor_or_the_time(left_out: str) -> None:
    scene = short_boot()
    told = re.sub(left_out, "", scene.trace("perf"))
    assert 4 == len(correlation.correlate(scene.guest(), told).results)


@pytest.mark.parametrize("told", [r"\1 K     ", r"\1 2026-11-26 13:00:00.512000 ", r"VM:    1 \1"])
def test_perf_may_tell_the_mode_the_date_or_the_machine_too(told: str) -> None:
    scene = short_boot()
    assert 4 == len(correlation.correlate(
        scene.guest(), re.sub(r"(\[003\])" if told[0] == "\\" else r"(?m)^( +CPU)", told,
                              scene.trace("perf"))).results)  # fmt: skip


@pytest.mark.parametrize("word", ["THROTTLE", "UNTHROTTLE", "LOST", "LOST_SAMPLES"])
def test_while_perf_throttles_an_event_it_loses_what_comes(word: str) -> None:
    scene = Scene().repeated(*TPR).did(*LDR, rep=0).did(*LDR, lost(3), rep=1).did(*LDR, rep=2)
    told = scene.trace("perf")
    assert "PERF_RECORD_LOST" in told
    told = re.sub(r"(?m)^.*PERF_RECORD_LOST.*$", f"3 51200 0x4d8 [0x28]: PERF_RECORD_{word}", told)
    run = correlation.correlate(scene.guest(), told)
    assert ((("events were lost in it", 1),), 0) == (run.discarded, run.trace.unread)


@pytest.mark.parametrize("line", [".", "...", " ... 9 lines cut", "[...]"])
def test_what_somebody_left_out_is_not_passed_over(line: str) -> None:
    scene = short_boot()
    told = re.sub(r"(?m)^.*timer.*\n|^.*unacc.*\n", f"{line}\n", scene.trace("perf"))
    run = correlation.correlate(scene.guest(), told)
    assert run.trace.unread
    assert all(result.access.slug in ("tpr", "icr") for result in run.results)


def test_without_processors_in_the_lines_what_one_of_them_lost_may_be_anybodys() -> None:
    scene = Scene().repeated(*TPR).did(*LDR, rep=0).did(*LDR, lost(3), rep=1).did(*LDR, rep=2)
    told = re.sub(r"(?m) \[003\](?!.*LOST)", "", scene.trace("perf"))
    assert "[003]" in told
    run = correlation.correlate(scene.guest(), told)
    assert (("events were lost in it", 1),) == run.discarded


REFUSED = [
    ("trace-cmd", "trace-cmd report -l", r"\[00(\d)\] +(\d+\.\d{6}): ", r"   \1d..1. \2: ",
     "this is the latency format (trace-cmd report -l, options/latency-format), which is not read"),
    ("tracefs", "options/latency-format", r"\[00(\d)\] d.... +\d+\.\d{6}: ", r"\1d..1.  12us+: ",
     "this is the latency format (trace-cmd report -l, options/latency-format), which is not read"),
    ("tracefs", "function_graph", r"(?m)^.*KVM-.*: (kvm_.*)$", r" 3)               |  /* \1 */",
     "this is function_graph, which is not read"),
    ("perf", "perf trace", r"kvm:(kvm_\w+): (.*)", r"kvm:\1(\2)",
     "this is `perf trace`, which is not read: give the plain output"),
    ("perf", "no fields", r"(kvm_\w+:) .*", r"\1",
     "none of 25 lines with kvm_exit could be read; first: line 1: CPU 0/KVM 2101 [003] 512.000"),
    ("perf", "no thread", r"KVM +\d+ ", "KVM ",
     "none of 25 lines with kvm_exit could be read; first: line 1: CPU 0/KVM [003] 512.000000"),
    ("trace-cmd", "no markers", r"(kvm_pio:) .*", r"\1",
     "none of 17 lines with kvm_pio could be read; first: line 3: CPU 0/KVM-2101 [003]"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "_what", "old", "new", "words"), REFUSED, ids=[case[1] for case in REFUSED]
)
def test_a_layout_that_is_not_read_is_named(layout, _what, old, new, words) -> None:
    scene = short_boot()
    with pytest.raises(NoMarker) as refused:
        correlation.correlate(scene.guest(), re.sub(old, new, scene.trace(layout)))
    assert str(refused.value).startswith(words), refused.value


def test_fields_that_were_left_out_are_told() -> None:
    scene = short_boot()
    told = re.sub(r"(kvm_exit:) .*", r"\1", scene.trace("perf"))
    run = correlation.correlate(scene.guest(), told)
    assert "cannot be read: line 1 (its fields are missing): CPU 0/KVM 2101" in run.void


def test_lines_that_a_mail_program_wrapped_are_named_as_such() -> None:
    scene = short_boot()
    told = "\n".join("\n".join(wrap(line, 72)) for line in scene.trace().splitlines())
    with pytest.raises(NoMarker) as refused:
        correlation.correlate(scene.guest(), told)
    assert str(refused.value) == (
        "none of 25 lines with kvm_exit could be read; first: line 2: "
        "CPU 0/KVM-2101 [003] 512.000000: kvm_exit: vcpu 0 reason io: are lines wrapped?"
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_lines_wrapped_at_any_width_give_the_same_or_nothing(layout: str) -> None:
    lines = short_boot().trace(layout).splitlines()
    told = []
    for width in range(40, 230, 3):
        hard = (line[n : n + width] for line in lines for n in range(0, len(line), width))
        soft = (part for line in lines for part in wrap(line, width, break_on_hyphens=False))
        told += ["\n".join(soft), "\n".join(hard)]
    assert [] == giving_something_else(layout, told)


def giving_something_else(layout: str, texts: Sequence[str]) -> list[str]:
    """Return those texts of a trace that give what the plain one does not."""
    scene, wrong = short_boot(), []
    plain = seen(correlation.correlate(scene.guest(), scene.trace(layout)))
    for told in dict.fromkeys(texts):
        try:
            run = correlation.correlate(scene.guest(), told)
        except NoMarker:
            continue
        found = () if run.void or not run.results else seen(run)
        wrong += [told] * any(each not in plain for each in found)
    return wrong


TRAP = r"(?mi)^(.*)kvm_exit:(.*unaccelerated_access.*)\n(.*)kvm_avic_unacc(.*)\n"
UNREAD, NOT_ONE = "a line in it could not be read", "(more than one event): "
# What may become of the lines of a trap and of a fault, and what is said then.
LOST_ON_THE_WAY: Sequence[tuple[str, Callable[[str], str], str]] = [
    ("cut at their beginnings", lambda text: re.sub(TRAP, r"\2\n\4\n", text), UNREAD),
    ("cut before their names", lambda text: re.sub(TRAP, r"\1\n\3\n", text), "wrapped?): "),
    ("left out by grep", lambda text: re.sub(TRAP, "--\n", text), UNREAD),
    ("left out, but for entries", lambda text: re.sub(TRAP, r"\1kvm_entry: x\n" * 2, text),
     "an exit is missing"),
    ("joined to the line before", lambda text: re.sub(r"\n" + TRAP[6:], r" \1kvm_exit:\2\n", text,
     flags=re.IGNORECASE), NOT_ONE),
    ("cut, and joined to the line behind", lambda text: re.sub(TRAP, r"\1k\3k", text), NOT_ONE),
    ("commented out", lambda text: re.sub(TRAP, r"# \1kvm_exit:\2\n", text), "this layout): "),
    ("behind all others", lambda text: "\n".join(sorted(
        text.splitlines(), key=lambda line: "unacc" in line.lower())), "line before it): "),
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("change", "why"), [each[1:] for each in LOST_ON_THE_WAY], ids=[e[0] for e in LOST_ON_THE_WAY]
)
def test_an_exit_that_was_lost_on_the_way_is_no_access_without_one(change, why, layout) -> None:
    scene = short_boot()
    plain = seen(correlation.correlate(scene.guest(), scene.trace(layout)))
    run = correlation.correlate(scene.guest(), change(scene.trace(layout)))
    assert why in f"{run.void} {run.discarded}"
    assert run.void or [plain[0], plain[3]] == seen(run)


@pytest.mark.parametrize("word", ["reason", "bit"])
def test_kernels_before_5_18_have_another_event_for_an_inhibit(word: str) -> None:
    scene = Scene().repeated(*TPR, write=True, value=0x20)
    scene.host("kvm_apicv_update_request", f"deactivate {word}=2")
    scene.repeated("ldr", 0xD0, faulted())
    void = came_to(scene).void
    assert "this kernel prints no names for the bits (inhibits=0x4," in void
    assert "enum kvm_apicv_inhibit in that version's arch/x86/include/asm/kvm_host.h" in void
    assert "/docs/active of an explorer" in void

    run = came_to(scene.host("kvm_apicv_update_request", f"activate {word}=2").repeated(*LDR))
    assert ("", (("AVIC was inhibited during it", 3),)) == (run.void, run.discarded)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("text", [
    "{}: set because=7", "{}: [FAILED TO PARSE] reason=7 set=1",
    "#31;{}#0;: set reason=7, inhibits=0x80", "{} : ", "{}:",
])  # fmt: skip
def test_a_line_of_an_inhibit_that_cannot_be_read_voids_and_is_shown(text, layout) -> None:
    scene = short_boot()
    told = scene.trace(layout).splitlines()
    line = next(line for line in told if "kvm_pio:" in line)
    strange = re.sub(r"kvm_pio:.*", text.format("kvm_apicv_inhibit_changed"), line)
    void = correlation.correlate(scene.guest(), "\n".join([*told[:9], strange, *told[9:]])).void
    assert "a line of the trace that may say anything cannot be read: line 10 (" in void
    assert "kvm_apicv_inhibit" in void


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_trace_that_was_cut_gives_the_same_or_nothing(layout: str) -> None:
    whole = short_boot().trace(layout)
    sizes = range(0, len(whole), 97)
    # From either end, and in the columns of a terminal.
    ends = [part for size in sizes for part in (whole[:size], whole[size:])]
    columns = ["\n".join(line[:size] for line in whole.splitlines()) for size in sizes]
    assert [] == giving_something_else(layout, ends + columns)


def test_an_inhibit_with_the_names_of_its_reasons_spoils_what_lies_in_it() -> None:
    for names in ("", "IRQWIN"):
        scene = Scene().repeated(*TPR, write=True, value=0x20).inhibit(0x100, names)
        scene.repeated("ldr", 0xD0, faulted()).repeated("esr", 0x280, faulted()).inhibit(0)
        run = came_to(scene.repeated("svr", 0xF0, value=0x1FF))
        assert ("", 0) == (run.void, run.trace.unread)
        assert ["tpr", "svr"] == [result.access.slug for result in run.results]
        assert (("AVIC was inhibited during it", 6),) == run.discarded
