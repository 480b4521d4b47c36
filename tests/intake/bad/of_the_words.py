"""Words that the format lists, and what the knowledge of the table makes of a document."""

from app.core.faults import Fault
from tests.intake.bad.table import FULL, MINIMAL, bad, wrong

REGISTER, MEMBER = "/observations/0/register", "/observations/0/member"
OUTCOME = "/observations/0/outcome"
ACCELERATORS = "one of kvm, xen, hyper-v, bhyve, tcg, other"
OUTCOMES = (
    "one of allowed, accelerated, vmexit-trap, vmexit-fault, vmexit-ipi, vmexit-msr, vmexit-npf, "
    "gp, pf, ignored, completed"
)
NAME_IT = "where an emulated local APIC answered, `emulation` says which"
NOWHERE = "is neither an xAPIC offset (000h-FF0h) nor an x2APIC MSR (800h-8FFh)."

WORDS = [
    *wrong(
        FULL,
        ACCELERATORS,
        ("number-accelerator", "/hypervisor/accelerator", 7),
        ("word-accelerator", "/hypervisor/accelerator", "kvmm", "did you mean `kvm`?"),
    ),
    *wrong(
        FULL,
        "one of read, write",
        ("number-access", "/observations/0/access", 7),
        ("word-access", "/observations/0/access", "wrte", "did you mean `write`?"),
    ),
    *wrong(
        MINIMAL,
        "one of avic, x2avic",
        ("number-mode", "/observations/0/mode", 7),
        ("word-mode", "/observations/0/mode", "xavic", "did you mean `x2avic`?"),
        ("word-mode-case", "/observations/0/mode", "X2AVIC", "did you mean `x2avic`?"),
        ("word-mode-list", "/observations/0/mode", ["x2avic"]),
    ),
    *wrong(
        MINIMAL,
        OUTCOMES,
        ("number-outcome", OUTCOME, 7),
        ("word-outcome", OUTCOME, "vmexit-trp", "did you mean `vmexit-trap`?"),
        ("word-outcome-absent", OUTCOME, "absent"),
        ("word-outcome-empty", OUTCOME, ""),
        ("word-outcome-far", OUTCOME, "#GP(0)"),
        ("word-outcome-undefined", OUTCOME, "undefined"),
    ),
    *wrong(
        FULL,
        "one of at, after",
        ("number-rip", "/observations/0/exit/rip", 7),
        ("word-rip", "/observations/0/exit/rip", "afer", "did you mean `after`?"),
    ),
]

REGISTERS = wrong(
    MINIMAL,
    "a slug, a macro, an offset or an MSR of the table",
    ("register-far", REGISTER, "nonsense"),
    ("register-near", REGISTER, "lvt-timr", "did you mean `lvt-timer`?"),
    ("register-near-macro", REGISTER, "APIC_LDRR", "did you mean `ldr`?"),
    ("register-space", REGISTER, "l d r", "did you mean `ldr`?"),
    ("register-percent", REGISTER, "%n"),
    ("register-not-ascii", REGISTER, "é"),
    ("register-member-8", REGISTER, "ISR8", "did you mean `isr`?"),
    ("register-misaligned", REGISTER, "0x304", "304h lies inside the slot of 300h."),
    ("register-beyond-page", REGISTER, "0x1000", f"'0x1000' {NOWHERE}"),
    ("register-msr-beyond", REGISTER, "0xC0000080", f"'0xC0000080' {NOWHERE}"),
)

MEMBERS = [
    bad(name, {REGISTER: register, MEMBER: member}, Fault(MEMBER, str(member), expected))
    for name, register, member, expected in [
        ("member-of-a-single", "ldr", 0, "no member: ldr is not a vector register"),
        ("member-beyond", "isr", 8, "a member of isr: 0 to 7"),
        ("member-of-ext-lvt", "ext-lvt", 4, "a member of ext-lvt: 0 to 3"),
        ("member-contradicts-name", "ISR3", 2, "3, which the register's name says"),
        ("member-contradicts-msr", "0x813", 0, "3, which the register's name says"),
        ("member-contradicts-and-beyond", "ISR3", 9, "a member of isr: 0 to 7"),
    ]
]

NO_HARDWARE = wrong(
    MINIMAL,
    "hardware virtualization: an emulator's answers are not AVIC's",
    ("accelerator-tcg", "/hypervisor/accelerator", "tcg", NAME_IT),
)

SEEN = MINIMAL["observations"][0]
NOT_WATCHED = [
    bad(
        "exits-of-who-did-not-watch",
        {
            "/hypervisor/accelerator": "kvm",
            "/exits_watched": False,
            "/observations/0/exit": {"code": "0x402"},
            "/observations/1": SEEN | {"access": "read", "outcome": "allowed"},
            "/observations/2": SEEN | {"register": "tpr", "access": "read", "outcome": "completed"},
        },
        Fault("/observations/0/exit", '"0x402"', "no exit: `exits_watched` is false"),
        Fault(
            "/observations/1/outcome", '"allowed"', "completed, gp, pf: `exits_watched` is false"
        ),
    )
]

ALL = [*WORDS, *REGISTERS, *MEMBERS, *NO_HARDWARE, *NOT_WATCHED]
