"""What an emulation answered, and a document that does not say so or cannot mean it."""

from app.core.faults import Fault
from tests.intake.bad.of_the_words import NAME_IT
from tests.intake.bad.table import (
    EMULATED,
    GONE,
    Bad,
    bad,
    nothing,
    renamed,
    unknown,
    written,
    wrong,
)

AT = "/emulation"

FORM = [
    bad("missing-emulation-name", {f"{AT}/name": GONE}, nothing(f"{AT}/name"), base=EMULATED),
    bad("missing-emulation-version", {f"{AT}/version": GONE}, nothing(f"{AT}/version"),
        base=EMULATED),
    Bad("misspelt-emulation-flavour", written(renamed(EMULATED, (f"{AT}/flavour", "flavor"))),
        (unknown(f"{AT}/flavor", "flavour"),)),
    *wrong(
        EMULATED, "one of kvm, qemu, xen, bhyve",
        ("word-emulation", f"{AT}/name", "silicon"),
        ("word-emulation-near", f"{AT}/name", "kvmm", "did you mean `kvm`?"),
        ("number-emulation-name", f"{AT}/name", 7),
    ),
    *wrong(
        EMULATED, "a version such as 6.12.117+deb13-cloud-amd64",
        ("version-with-a-leading-zero", f"{AT}/version", "06.12.117"),
        ("version-of-words", f"{AT}/version", "trixie"),
        ("version-of-one-number", f"{AT}/version", "7"),
        ("version-of-four-numbers", f"{AT}/version", "6.1.2.3"),
        ("version-empty", f"{AT}/version", ""),
    ),
    *wrong(
        EMULATED, "a short word such as kvm_amd",
        ("flavour-of-capitals", f"{AT}/flavour", "KVM"),
        ("flavour-too-long", f"{AT}/flavour", "kvm_amd_sev"),
    ),
    *wrong(EMULATED, "a string", ("number-version", f"{AT}/version", 6.12)),
    *wrong(EMULATED, "an object", ("text-emulation", AT, "kvm")),
    *wrong(
        EMULATED, "a value; where there is none, leave the key out",
        ("null-emulation", AT, None), ("null-flavour", f"{AT}/flavour", None),
    ),
]  # fmt: skip

MEANING = [
    *wrong(
        EMULATED, "false: what an emulation answers is seen by the guest alone",
        ("emulation-watched", "/exits_watched", True),
    ),
    *wrong(
        EMULATED, "false: an emulation answers every access",
        ("emulation-intercepted", "/observations/1/intercepted", True),
    ),
    *wrong(
        EMULATED, "kvm, whose local APIC is said to have answered",
        ("emulation-kvm-by-tcg", "/hypervisor/accelerator", "tcg"),
    ),
    bad(
        "emulation-not-named",
        {AT: GONE, "/hypervisor/accelerator": "tcg", "/host": {"virtual": True}},
        Fault("/hypervisor/accelerator", '"tcg"',
              "hardware virtualization: an emulator's answers are not AVIC's", NAME_IT),
        Fault("/host/virtual", "true",
              "bare metal: the hypervisor of a virtual host answers along with the processor",
              NAME_IT),
        base=EMULATED,
    ),
]  # fmt: skip

ALL = [*FORM, *MEANING]
