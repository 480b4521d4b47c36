"""The linter of the seed: no claim or title says more than somebody read."""

import pytest

SELF_IPI = "registers/26-self-ipi.yaml"
ESR = "registers/14-esr.yaml"
VERSION = "registers/02-version.yaml"
KVM = "sources/kvm.yaml"
FIX = "KVM: SVM: Fix x2APIC MSRs interception"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"31:8"', '"31:8 (63:32 not stated)"'),
        ('"63:8"', '"8:63"'),
        ('"63:8"', '"64:8"'),
        ('"31:8"', '"31:8,10"'),
        ('"31:8"', '"31-8"'),
        ('"31:8"', '"31:8, 2"'),
        ('"31:8"', "all of them"),
    ],
)
def test_reserved_bits_are_ranges_and_nothing_else(old, new, vapic, seed_copy):
    seed_copy.edit(SELF_IPI, old, new)
    ran = vapic("lint", seed_copy.folder)
    spelled = new.strip('"')
    assert f"found '{spelled}', expected ranges of bits from the highest down" in ran.err
    assert (1, True) == (ran.code, ".bits: " in ran.err)


def test_a_single_bit_is_a_range_too(vapic, seed_copy):
    seed_copy.edit(SELF_IPI, '"31:8"', '"31:16,14,12:8"')
    assert 0 == vapic("lint", seed_copy.folder).code


@pytest.mark.parametrize("read", ["title", "cited"])
def test_a_title_of_ours_needs_a_source_that_somebody_read(read, vapic, seed_copy):
    seed_copy.edit(KVM, FIX, "[Intercepts what it should]")
    seed_copy.edit(KVM, "f3d7c8aa6882\n  read: cited", f"f3d7c8aa6882\n  read: {read}")
    ran = vapic("lint", seed_copy.folder)
    found = f"title: found '[Intercepts what it should]', our own title, with read: {read}"
    assert (1, True) == (ran.code, found in ran.err)


@pytest.mark.parametrize("title", ["[PATCH v2] Fix x2APIC MSRs interception", "Commit [of v6.0]"])
def test_brackets_within_a_title_are_the_authors(title, vapic, seed_copy):
    seed_copy.edit(KVM, FIX, title)
    assert 0 == vapic("lint", seed_copy.folder).code


@pytest.mark.parametrize(
    ("file", "key", "told"),
    [
        (ESR, "    inference: >-\n      The access", "'gp', which ppr-57896-3.00 does not name"),
        (VERSION, '    inference: "The register', "strength: implied"),
    ],
)
def test_a_step_that_no_source_states_is_told_as_inference(file, key, told, vapic, seed_copy):
    seed_copy.edit(file, key, key.replace("inference", "section"))
    ran = vapic("lint", seed_copy.folder)
    assert (1, True) == (ran.code, f".inference: found nothing, with {told}" in ran.err)


def test_what_a_document_names_needs_no_inference(vapic, seed_copy):
    seed_copy.edit(VERSION, "    strength: implied\n", "")
    seed_copy.edit(VERSION, '    inference: "The register', '    text: "The register')
    assert 0 == vapic("lint", seed_copy.folder).code
    seed_copy.edit("sources/documents.yaml", "vmexit-ipi, gp, undefined", "vmexit-ipi, undefined")
    assert "'gp', which apm-3.44 does not name" in vapic("lint", seed_copy.folder).err
