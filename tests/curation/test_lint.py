"""The linter of the seed: each fault planted in a copy of the real one is found."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from app.curation.seed import check_seed
from app.errors import InvalidSeed
from app.settings import ROOT

SEED = ROOT / "seed"

VERSION = "registers/02-version.yaml"
EOI = "registers/06-eoi.yaml"
REMOTE_READ = "observations/mmio.yaml"


class Fault(NamedTuple):
    """A fault: in which file, what becomes what, and the place and words that name it."""

    file: str
    old: str
    new: str
    place: str
    found: str


FAULTS = {
    "no source": Fault(
        "annotations/remarks.yaml",
        "sources: [apm-3.44, apm3, ppr-57896-3.00]",
        "sources: []",
        "sources",
        "no source",
    ),
    "an unknown source": Fault(
        VERSION,
        "source: ppr-57896-3.00",
        "source: ppr-57896-3.01",
        "claims[3].source",
        "'ppr-57896-3.01', expected the id of a source (did you mean 'ppr-57896-3.00'?)",
    ),
    "a source that nobody can find": Fault(
        "sources/documents.yaml", "  document: apm3\n", "", "url", "nothing"
    ),
    "a source that is no document behind a claim": Fault(
        VERSION,
        "source: ppr-57896-3.00",
        "source: cpuid-dumps",
        "claims[3].source",
        "'cpuid-dumps', expected a source that is a document",
    ),
    "an unknown document": Fault(
        "sources/documents.yaml", "document: apm3", "document: apm4", "document", "'apm4'"
    ),
    "a page beyond the document": Fault(
        VERSION, '"566"', '"9566"', "claims[0].page", "'9566', expected at most page 758 of 24593"
    ),
    "a page that is no number": Fault(
        VERSION, '"566"', "p. 566", "claims[0].page", "'p. 566', expected pages such as 567"
    ),
    "an MSR off by one": Fault(VERSION, "[803h]", "[804h]", "msrs", "804h, expected 800h + offset"),
    "an MSR outside the range": Fault(VERSION, "[803h]", "[903h]", "msrs[0]", "903h"),
    "a misaligned offset": Fault(VERSION, "[030h]", "[034h]", "offsets[0]", "034h"),
    "overlapping offsets": Fault(
        "registers/01-id.yaml",
        "offsets: [020h]",
        "offsets: [020h-030h]",
        "offsets",
        "020h-030h, which overlaps version 030h",
    ),
    "overlapping MSRs": Fault(
        "registers/01-id.yaml",
        "msrs: [802h]",
        "msrs: [802h-803h]",
        "msrs",
        "802h-803h, which overlaps version 803h",
    ),
    "an unknown register in cells": Fault(
        REMOTE_READ,
        "[remote-read/avic/write]",
        "[remote-reed/avic/write]",
        "cells[0]",
        "'remote-reed', expected the slug of a register (did you mean 'remote-read'?)",
    ),
    "an unknown mode in cells": Fault(
        REMOTE_READ, "[remote-read/avic/write]", "[remote-read/mmio/write]", "cells[0]", "'mmio'"
    ),
    "cells of another shape": Fault(
        REMOTE_READ,
        "[remote-read/avic/write]",
        "[remote-read/avic]",
        "cells[0]",
        "'remote-read/avic' is not register/mode/access",
    ),
    "an unknown group in cells": Fault(
        "differences/d-01.yaml",
        '["@x2apic-read-only/x2avic/write"]',
        '["@read-only/x2avic/write"]',
        "cells[0]",
        "'@read-only' is not a group",
    ),
    "an unknown condition": Fault(
        EOI,
        "condition: edge",
        "condition: egde",
        "claims[1].condition",
        "'egde', expected a condition (did you mean 'edge'?)",
    ),
    "an unknown question": Fault(
        EOI, "question: eoi-level", "question: eoi-levels", "claims[7].question", "'eoi-levels'"
    ),
    "an unknown family": Fault(
        REMOTE_READ, "family: not-stated", "family: zen-44", "family", "'zen-44'"
    ),
    "a product claim without a family": Fault(
        VERSION, "    family: zen-5\n", "", "claims[3].family", "'', expected a family, for product"
    ),
    "an unknown family of an erratum": Fault(
        "errata/1235.yaml", "family: zen-1", "family: zen-11", "affected[0].family", "'zen-11'"
    ),
    "an unknown register in a group": Fault(
        "groups.yaml", "[tpr, apr, ppr]", "[tpr, apr, prp]", "registers[2]", "'prp'"
    ),
    "two claims alike": Fault(
        VERSION,
        "access: write\n    kind: table",
        "access: read\n    kind: table",
        "claims[1]",
        "a second claim like claims[0]",
    ),
    "a cell without a claim": Fault(
        VERSION,
        "modes: [avic, x2avic]\n    access: write",
        "modes: [x2avic]\n    access: write",
        "claims",
        "no claim on version/avic/write",
    ),
    "a #GP claimed for AVIC": Fault(
        VERSION,
        "behaviour: vmexit-fault",
        "behaviour: gp",
        "claims[1].behaviour",
        "'gp' under AVIC, expected a behaviour of MMIO accesses",
    ),
    "a #GP seen under AVIC": Fault(
        REMOTE_READ, "outcome: vmexit-trap", "outcome: gp", "outcome", "'gp' under AVIC"
    ),
    "a slug with capitals": Fault(
        "groups.yaml", "slug: identification", "slug: Identification", "slug", "'Identification'"
    ),
    "a name that two registers share": Fault(
        "registers/16-icrh.yaml", "aliases: [ICR2]", "aliases: [icrl]", "aliases", "['icrl']"
    ),
    "an order that two registers share": Fault(
        VERSION, "order: 2", "order: 1", "order", "1, as 'id' has"
    ),
    "a commit that is not hexadecimal": Fault(
        "sources/kvm.yaml", "commit: 4d1d7942e36a", "commit: 4d1d7942e36g", "commit", "'4d1d794"
    ),
    "an address without TLS": Fault(
        "sources/documents.yaml", "https://www.amd.com", "http://www.amd.com", "url", "'http://www"
    ),
    "a Message-ID in angle brackets": Fault(
        "sources/kvm.yaml",
        "message_id: 20220204214205.3306634-6-seanjc@google.com",
        "message_id: <20220204214205.3306634-6-seanjc@google.com>",
        "message_id",
        "'<2022",
    ),
    "a thirteenth month": Fault(
        REMOTE_READ, "date: 2023-01-06", "date: 2023-13-06", "date", "'2023-13-06'"
    ),
    "a gap in a policy": Fault(
        "policies/kvm-6.0.yaml",
        "msrs: 804h-807h",
        "msrs: 804h-806h",
        "msrs[3].msrs",
        "808h-80Fh, expected a range that begins at 807h",
    ),
    "a policy that ends early": Fault(
        "policies/kvm-6.0.yaml", "840h-8FFh", "840h-8FEh", "msrs", "ranges up to 8FEh"
    ),
    "a policy whose releases are written by hand": Fault(
        "policies/kvm-7.2.yaml", "ranges:\n", "versions: v7.2\nranges:\n", "versions", "'v7.2'"
    ),
    "another name over a copied policy": Fault(
        "policies/kvm-7.2.yaml",
        "hypervisor: KVM",
        "hypervisor: Xen",
        "slug",
        "'kvm-7.2', expected a slug that begins with xen-",
    ),
    "a hypervisor in two spellings": Fault(
        "policies/kvm-7.2.yaml",
        "hypervisor: KVM",
        "hypervisor: Kvm",
        "hypervisor",
        "'Kvm', expected 'KVM', as in kvm-6.0",
    ),
    "a main line of two names": Fault(
        "policies/kvm-7.2.yaml",
        "branch: mainline",
        "branch: master",
        "ranges[2].branch",
        "'master', expected 'mainline', as in kvm-6.0",
    ),
    "releases without a source": Fault(
        "policies/kvm-6.0.yaml",
        "sources: [pushlog-2026-07-16-7.1.y, pushlog-2026-07-18-7.1.y]",
        "sources: []",
        "ranges[2].sources",
        "no source",
    ),
    "releases that two policies have": Fault(
        "policies/kvm-7.2.yaml",
        '"6.18.39"',
        '"6.18.38"',
        "ranges[0]",
        "6.18.38 and later of 6.18.y, which overlaps 6.18.y up to 6.18.38 (kvm-6.0)",
    ),
    "a release of another branch": Fault(
        "policies/kvm-7.2.yaml",
        '"7.1.4"',
        '"7.2.4"',
        "ranges[1].first",
        "'7.2.4', expected a release of 7.1.y",
    ),
    "a release candidate as the first release": Fault(
        "policies/kvm-7.2.yaml",
        'first: "7.2"',
        'first: "7.2-rc1"',
        "ranges[2].first",
        "'7.2-rc1', expected a release, not a candidate",
    ),
    "a candidate of another release": Fault(
        "policies/kvm-7.2.yaml",
        "7.2-rc1",
        "7.3-rc1",
        "ranges[2].candidate",
        "'7.3-rc1', expected a candidate of the first release",
    ),
    "releases that end before they begin": Fault(
        "policies/kvm-6.0.yaml",
        'last: "7.1"',
        'last: "5.19"',
        "ranges[0].last",
        "'5.19', expected a release from 6.0 on",
    ),
    "a branch that began with another policy": Fault(
        "policies/kvm-7.2.yaml",
        'first: "7.1.4"',
        'last: "7.1.9"',
        "ranges[1].first",
        "nothing, and not the policy of 7.1",
    ),
    "an unknown branch that is known": Fault(
        "policies/kvm-6.0.yaml", "6.12.y]", "7.1.y]", "not_known[2]", "'7.1.y'"
    ),
    "overlapping CPUID ranges": Fault(
        "families/zen-4.yaml",
        "models: 10h-1Fh",
        "models: 10h-2Fh",
        "cpuid[0].models",
        "19h 10h-2Fh, which overlaps zen-3",
    ),
    "a gap in the numbers of differences": Fault(
        "differences/d-19.yaml", "number: 19", "number: 20", "number", "20, expected numbers with"
    ),
    "a circle of conditions": Fault(
        "conditions.yaml",
        "  text: hardware cannot finish the IPI\n",
        "  text: hardware cannot finish the IPI\n  within: target-not-running\n",
        "within",
        "a circle through 'target-not-running'",
    ),
    "a condition within one of another axis": Fault(
        "conditions.yaml", "within: simple-ipi", "within: edge", "within", "'edge', expected a con"
    ),
    "an empty text": Fault(
        "conditions.yaml", "text: the value written is zero", 'text: ""', "text", "nothing"
    ),
    "a family that never had the mode": Fault(
        "observations/ipi.yaml",
        "  family: zen-4\n  cpu: Genoa, as the series' cover letter says\n  evidence: observed\n"
        "  cells: [icr/x2avic/write]",
        "  family: zen-1\n  cpu: Genoa, as the series' cover letter says\n  evidence: observed\n"
        "  cells: [icr/x2avic/write]",
        "cells[0]",
        "icr/x2avic/write on Zen, Zen+, none of whose dumps reports x2AVIC",
    ),
    "a family of the CPU in words that never had the mode": Fault(
        "observations/ipi.yaml",
        "cells: [icr/avic/write]\n  condition: self-ipi",
        "cells: [icr/*/write]\n  condition: self-ipi",
        "cells[0]",
        "icr/x2avic/write on family 17h, none of whose dumps reports x2AVIC",
    ),
    "a spoiled cell of a mode that the family never had": Fault(
        "observations/ipi.yaml",
        "  family: zen-4\n  cpu: Genoa, as the series' cover letter says\n  evidence: observed\n"
        "  cells: [icr/x2avic/write]",
        "  family: zen-1\n  cpu: Genoa, as the series' cover letter says\n  evidence: observed\n"
        "  cells: [icr/avic/write]",
        "side_effect.cells[0]",
        "icrh/x2avic/write on Zen, Zen+, none of whose dumps reports x2AVIC",
    ),
    "a product claim for a mode that the family never had": Fault(
        VERSION, "family: zen-5", "family: zen-1", "claims[3].modes", "x2AVIC on Zen, Zen+"
    ),
    "a scope wider than the kernel let through": Fault(
        "observations/x2avic-msr.yaml",
        '  member: "0"\n',
        "",
        "cells[0]",
        "isr/x2avic/write, of which kvm-6.0 intercepts 811h-817h",
    ),
    "a register that the kernel never let through": Fault(
        "observations/x2avic-msr.yaml",
        "    - ldr/x2avic/write\n",
        "    - ext-feature/x2avic/write\n",
        "cells[4]",
        "ext-feature/x2avic/write, of which kvm-6.0 intercepts 840h-8FFh",
    ),
    "an unknown policy behind an observation": Fault(
        "observations/x2avic-msr.yaml",
        "  policy: kvm-6.0\n  # Not",
        "  policy: kvm-6.1\n  # Not",
        "policy",
        "'kvm-6.1', expected the slug of a policy",
    ),
    "a side effect on a register that there is not": Fault(
        "observations/ipi.yaml",
        "    cells: [icrh/x2avic/write]",
        "    cells: [icr2/x2avic/write]",
        "side_effect.cells[0]",
        "'icr2', expected the slug of a register",
    ),
}


def test_the_real_seed_passes(vapic):
    ran = vapic("lint")
    assert (0, "") == (ran.code, ran.err)
    assert re.fullmatch(r"\d{3,} facts, no problem\n", ran.out)


def test_another_folder_can_be_named(vapic, seed_copy):
    assert vapic("lint") == vapic("lint", seed_copy.folder)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_named_by_file_and_place(fault, vapic, seed_copy):
    seed_copy.edit(fault.file, fault.old, fault.new)
    ran = vapic("lint", seed_copy.folder)
    wanted = f" {fault.place}: found {fault.found}"
    told = [line for line in ran.err.splitlines() if wanted in line]
    assert (1, "") == (ran.code, ran.out)
    assert [fault.file] == list({line.split(":")[0] for line in told})


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (VERSION, '"566"', '"9566"'),
        (VERSION, "offsets: [030h]", "offsets: [034h]"),
        (EOI, "condition: level", "condition: levle"),
        ("policies/kvm-6.0.yaml", "msrs: 838h-839h", "msrs: 839h"),
        ("families/zen-4.yaml", "models: 60h-AFh", "models: 40h-AFh"),
        ("sources/kvm.yaml", "commit: f3d7c8aa6882", "commit: F3d7c8aa6882"),
    ],
)
def test_the_line_that_is_named_holds_the_fault(file, old, new, seed_copy):
    seed_copy.edit(file, old, new)
    with pytest.raises(InvalidSeed) as refused:
        check_seed(seed_copy.folder)
    lines = (seed_copy.folder / file).read_text("utf-8").splitlines()
    assert new in lines[refused.value.problems[0].line - 1]


def test_all_faults_are_told_at_once_with_their_number(vapic, seed_copy):
    for name in ("no source", "a page beyond the document", "a gap in a policy"):
        seed_copy.edit(*FAULTS[name][:3])
    *told, count = vapic("lint", seed_copy.folder).err.splitlines()
    files = ["annotations/remarks.yaml", VERSION, "policies/kvm-6.0.yaml"]
    assert sorted(files) == sorted(line.split(":")[0] for line in told)
    assert "3 problem(s)." == count


def test_seeding_refuses_what_the_linter_refuses(vapic, seed_copy, empty_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", empty_url)
    seed_copy.edit(*FAULTS["an MSR off by one"][:3])
    assert vapic("lint", seed_copy.folder) == vapic("seed", seed_copy.folder)


def test_the_guide_of_the_seed_lists_every_folder():
    guide = (SEED / "README.md").read_text("utf-8")
    folders = {path.name.split(".")[0] for path in SEED.iterdir() if path.suffix != ".md"}
    assert folders == set(re.findall(r"\| \w+ \| `(\w+)[/.]", guide))
