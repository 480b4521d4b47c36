"""`vapic policy read` and `diff`, run as their users do."""

from pathlib import Path

from app.core.facts import Policy
from app.curation.seed import SeedEntry, read_file
from tests.foreign.kernel_trees import ARRAY, LISTED, MASK, make_tree


def test_what_is_read_is_a_policy_of_the_seed(vapic, tmp_path):
    ran = vapic("policy", "read", make_tree(tmp_path / "tree", MASK))
    written = tmp_path / "kvm.yaml"
    written.write_text(ran.out)
    (entry,) = read_file(written, "kvm.yaml", "policy")

    assert isinstance(entry, SeedEntry)
    assert isinstance(entry.fact, Policy)
    assert (0, "kvm-6.9.3", ("020h", "0B0h")) == (
        ran.code,
        entry.fact.slug,
        entry.fact.trap_offsets,
    )
    assert '{msrs: 80Bh, write: "arch/x86/kvm/svm/avic.c:11"}' in ran.out
    assert "arch/x86/include/asm/kvm_host.h:4" in ran.out


def test_trees_files_and_policies_of_the_seed_are_held_against_each_other(vapic, tmp_path):
    one, other = make_tree(tmp_path / "one", LISTED), make_tree(tmp_path / "other", MASK)
    moved = make_tree(tmp_path / "moved", ARRAY, ("case APIC_EOI:", "case APIC_LDR:"),
                      ("BIT(APICV_INHIBIT_REASON_ABSENT)", "0"))  # fmt: skip
    written = tmp_path / "kvm.yaml"
    written.write_text(vapic("policy", "read", one).out)
    same, array = (vapic("policy", "diff", one, side) for side in (written, moved))
    mask = vapic("policy", "diff", one, other).out
    seed = vapic("policy", "diff", other, "kvm-7.2").out

    assert "Nothing differs: no MSR" in same.out
    assert "0B0h EOI (A), 0D0h LDR (B)." in array.out
    assert "- ABSENT: A bit 3, heeded; B bit 3, not heeded" in array.out
    assert "802h      ID           pass        pass        pass        intercept" in mask
    assert "- B 802h: read arch/x86/kvm/lapic.c:8" in mask
    assert "808h      TPR          intercept   intercept   pass        pass" in seed
    assert "read in 7.3.4" in " ".join(seed.split())
    assert not [line for line in (mask + seed).splitlines() if len(line) > 75]


def test_a_tree_renews_the_policy_that_does_the_same_or_gets_one_of_its_own(
    vapic, tmp_path, seed_copy
):
    seed, tree = ("--into", seed_copy.folder), make_tree(tmp_path, ARRAY)
    old = {path.name: path.read_text() for path in (seed_copy.folder / "policies").iterdir()}
    first, again = (vapic("policy", "read", tree, *seed) for _ in ("new", "kept"))
    written = seed_copy.folder / "policies" / "kvm-6.9.3.yaml"
    new = written.read_text()
    newer = vapic("policy", "read", tree, "--version", "6.9.10", "--source", "linux-x", *seed)

    assert "6.9.3: as no policy has it; wrote kvm-6.9.3.yaml" in first.out
    assert ("6.9.3: as kvm-6.9.3.yaml has it\n", "6.9.10: as kvm-6.9.3.yaml has it\n") == (
        again.out, newer.out)  # fmt: skip
    assert new.split("readings:")[0] == written.read_text().split("readings:")[0]
    assert ['"6.9.3"', '"6.9.10"'] == [
        line.split()[-1] for line in written.read_text().splitlines() if "- version" in line
    ]
    assert old == {name: (seed_copy.folder / "policies" / name).read_text() for name in old}


def test_what_cannot_be_read_is_one_line_with_its_place(vapic, tmp_path):
    odd = make_tree(tmp_path / "odd", ARRAY, ("ret = true;", "ret = maybe();"))
    nameless = make_tree(tmp_path / "nameless", ARRAY, version="")

    assert (
        "vapic: arch/x86/kvm/svm/avic.c:21: found a call of maybe, expected a function that is "
        "known\n"
    ) == vapic("policy", "read", odd).err
    assert "give it with --version" in vapic("policy", "read", nameless).err
    assert "holds 2 trees: name one" in vapic("policy", "read", tmp_path).err
    assert "holds no arch/x86/kvm/svm/avic.c" in vapic("policy", "read", odd / "arch").err
    assert "Did you mean: kvm-6.0, kvm-7.2" in vapic("policy", "diff", "kvm-9", odd).err
    assert "the same policy twice" in vapic("policy", "diff", odd, odd).err
    broken = Path(tmp_path, "broken.yaml")
    broken.write_text("slug: kvm-1\n")
    assert "broken.yaml" in vapic("policy", "diff", broken, "kvm-7.2").err
