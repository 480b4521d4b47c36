"""Policies read from a kernel's source: the shapes that are known, and those that are refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.words import Access, Action
from app.errors import NotFound
from app.foreign.kernel_source.c_text import UnknownShape
from app.foreign.kernel_source.policy_reading import Tree
from app.foreign.kernel_source.policy_writing import actions_of, policy_of_tree
from tests.foreign.kernel_trees import ARRAY, LISTED, MASK, make_tree

BOTH = {(0x802, way) for way in Access} | {(0x810, way) for way in Access}
READS = {(0x802, Access.READ), (0x82F, Access.READ), *((0x810 + n, Access.READ) for n in range(8))}
AVIC, SVM, LAPIC = ("arch/x86/kvm/svm/avic.c", "arch/x86/kvm/svm/svm.c", "arch/x86/kvm/lapic.c")
ISR = "X2APIC_MSR(APIC_ISR)"
IF = "#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)"


def let_through(read):
    return {(one.msr, one.access) for one in read.through}


def places(read):
    return {f"{one.msr:x} {one.access}": str(one.place) for one in read.through}


@pytest.mark.parametrize(
    ("shape", "through", "lines"),
    [
        (LISTED, BOTH, {"802 read": f"{SVM}:6", "810 write": f"{SVM}:7"}),
        (ARRAY, BOTH, {"802 read": f"{AVIC}:4", "810 write": f"{AVIC}:5"}),
        (MASK, READS | {(0x80B, Access.WRITE)},
         {"802 read": f"{LAPIC}:8", "817 read": f"{LAPIC}:10", "82f read": f"{LAPIC}:13",
          "80b write": f"{AVIC}:11"}),
    ],
)  # fmt: skip
def test_each_shape_is_read_with_the_line_of_each_fact(tmp_path, shape, through, lines):
    read = Tree(make_tree(tmp_path, shape)).read()
    told = places(read)

    assert "6.9.3" == read.version
    assert through == let_through(read)
    assert lines == {name: told[name] for name in lines}
    assert [0x20, 0xB0] == [*read.traps]
    assert [(0, True), (3, True), (4, False)] == [(i.bit, bool(i.heeded)) for i in read.inhibits]


def test_what_only_some_vcpus_have_is_let_through_on_a_condition(tmp_path):
    (one,) = [o for o in Tree(make_tree(tmp_path, MASK)).read().through if o.msr == 0x82F]

    assert Action.CONDITIONAL is one.action


def test_a_case_of_the_trap_switch_and_a_heeded_reason_name_their_lines(tmp_path):
    read = Tree(make_tree(tmp_path, MASK)).read()
    old = Tree(make_tree(tmp_path / "old", LISTED)).read()

    assert [f"{AVIC}:18", f"{AVIC}:19"] == [*map(str, read.traps.values())]
    assert ["arch/x86/include/asm/kvm_host.h:3", "arch/x86/kvm/svm/svm.h:5"] == [
        read.inhibits[1].at, read.inhibits[1].heeded]  # fmt: skip
    assert f"{AVIC}:18" == old.inhibits[1].heeded


LOOP = """\
for (i = 0x831; i <= 0x833; i++)
		svm_set_intercept_for_msr(&svm->vcpu, i, MSR_TYPE_RW, intercept);
	for (i = 0; i <"""
ELSE = "#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 99, 0)\n0x83f,\n#else\n0x830,\n#endif"


@pytest.mark.parametrize(
    ("shape", "old", "new", "added"),
    [
        (ARRAY, f"{ISR},", f"{ISR},\n0x83f,", {0x83F}),
        (ARRAY, f"{ISR},", f"{ISR},\n{IF}\nX2APIC_MSR(APIC_ICR),\n#endif", {0x830}),
        (ARRAY, f"{ISR},", f"{ISR},\n{ELSE}", {0x830}),
        (ARRAY, "for (i = 0; i <", LOOP, {0x831, 0x832, 0x833}),
        (LISTED, f"{ISR}, ", "0x830, ", {0x830}),
        (MASK, "(APIC_EOI), MSR_TYPE_W", "(APIC_SELF_IPI), MSR_TYPE_W", {0x83F}),
    ],
)
def test_what_is_written_otherwise_in_a_known_form_is_evaluated(tmp_path, shape, old, new, added):
    plain = Tree(make_tree(tmp_path / "plain", shape)).read()
    read = Tree(make_tree(tmp_path / "other", shape, (old, new))).read()

    assert added == {msr for msr, _ in let_through(read) - let_through(plain)}


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("case APIC_LDR ... APIC_ISR:", [0x20, 0xB0, 0xD0, 0xE0, 0xF0, 0x100]),
        ("case 0xD0:\n\t\treturn false;\n\tcase APIC_ICR:", [0x300]),
    ],
)
def test_cases_of_a_range_and_of_their_own_are_followed(tmp_path, added, expected):
    tree = make_tree(tmp_path, ARRAY, ("case APIC_EOI:", f"case APIC_EOI:\n\t{added}"))
    assert expected == [*Tree(tree).read().traps]


SET = "svm_set_intercept_for_msr(&svm->vcpu, lets"
MAYBE = "#ifdef CONFIG_NEW\n\t\t0x830,\n#endif\n"


@pytest.mark.parametrize(
    ("shape", "old", "new", "line_found"),
    [
        (ARRAY, "ret = true;", "ret = somebody_knows(offset);", (21, "a call of somebody_knows")),
        (ARRAY, "ret = true;", "goto out;", (21, "'goto out;'")),
        (ARRAY, "_RW, intercept", "_RW, svm->hint", (12, "an argument that is not known")),
        (ARRAY, SET, "svm_let(&svm->vcpu, lets", (12, "a call of svm_let")),
        (ARRAY, "bool intercept)", "bool enable)", (1, "parameters ('svm', 'enable')")),
        (ARRAY, "(APIC_ISR),", "(APIC_NEW),", (5, "'APIC_NEW'")),
        (ARRAY, f"\t\t{ISR},\n", MAYBE, (6, "code under 'defined(CONFIG_NEW)'")),
        (ARRAY, "lets[i], MSR", "lets[i] - 0x700, MSR", (4, "MSR 0x102")),
        (ARRAY, "i < ARRAY_SIZE(lets)", "i < lets", (11, "'lets'")),
        (LISTED, "int read, int write", "int write, int read", (10, "'write', 'read'")),
        (LISTED, f"{{ .index = {ISR}, ", f"{{ {ISR}, 1, 1 }}, {{ .index = 1, ", (27, "'index'")),
        (MASK, "LVT_CMCI))", "LVT_TIMER))", (12, "a call of kvm_lapic_lvt_supported")),
    ],
)
def test_an_unknown_shape_is_refused_with_its_place(tmp_path, shape, old, new, line_found):
    with pytest.raises(UnknownShape) as caught:
        Tree(make_tree(tmp_path, shape, (old, new))).read()

    problem, (line, found) = caught.value.problem, line_found
    assert found in problem.found
    assert line == problem.line
    assert problem.file.startswith("arch/x86/kvm/")
    assert problem.expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("is_avic_unaccelerated_access_trap", "avic.c:1: found none of them"),
        ("AVIC_REQUIRED_APICV_INHIBITS", "found none of them"),
        ("avic_set_x2apic_msr_interception", "found none of them"),
    ],
)
def test_a_tree_without_what_is_asked_for_is_refused(tmp_path, missing, expected):
    tree = make_tree(tmp_path, ARRAY, (missing, "something_else"))
    with pytest.raises(UnknownShape, match=expected):
        Tree(tree).read()


def test_a_tree_may_lie_in_a_folder_and_is_called_by_what_it_says_of_itself(tmp_path):
    inner = make_tree(tmp_path / "linux-6.9.7", ARRAY, version="")
    package = make_tree(tmp_path / "debian-one" / "linux", ARRAY)
    (package / "debian").mkdir()
    (package / "debian" / "changelog").write_text("linux (6.9.3-2) sid; urgency=x\n")

    assert "6.9.7" == Tree(inner).version
    assert "6.9.3-2" == Tree(tmp_path / "debian-one").version
    assert "7.0-mine" == Tree(inner, "7.0-mine").version
    with pytest.raises(NotFound, match="holds no arch/x86"):
        Tree(tmp_path / "nothing")


def test_reading_source_is_loaded_by_nobody_who_serves():
    asked = "import sys, app.web.app; print([m for m in sys.modules if 'tree_sitter' in m])"
    done = subprocess.run((sys.executable, "-c", asked), capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


def test_the_seed_says_what_real_trees_say(knowledge):
    """``KERNEL_TREES`` names trees, with a colon between them, each TREE or TREE@VERSION."""
    named = os.environ.get("KERNEL_TREES")
    if not named:
        pytest.skip("KERNEL_TREES names no kernel trees")
    for name in named.split(":"):
        path, _, version = name.partition("@")
        read = Tree(Path(path), version).read()
        like = next(p for p in knowledge.policies.values()
                    if any(r.version == read.version for r in p.readings))  # fmt: skip
        mine = policy_of_tree(read, like=like)
        (kept,) = [r for r in like.readings if r.version == read.version]
        assert actions_of(like) == actions_of(mine)
        assert (like.msrs, like.trap_offsets) == (mine.msrs, mine.trap_offsets)
        assert (kept.msrs, kept.traps, kept.inhibits) == (
            mine.readings[0].msrs, mine.readings[0].traps, mine.readings[0].inhibits)  # fmt: skip
