"""Documents with several faults, which are all told at once and in the order of the document."""

from app.core.faults import Fault
from tests.intake.bad.of_the_words import NAME_IT, OUTCOMES
from tests.intake.bad.table import (
    FULL,
    GONE,
    MINIMAL,
    Bad,
    bad,
    below,
    edited,
    nothing,
    renamed,
    unknown,
    written,
)

SEEN = MINIMAL["observations"][0]
AS_SEEN = {key: value for key, value in SEEN.items() if key != "register"}
LINK = "an https:// address or a Message-ID without angle brackets"
LEAVE_OUT = "a value; where there is none, leave the key out"
NO_NUMBER = "JSON, which has no such number"
UNWATCHED = "completed, gp, pf: `exits_watched` is false"
PARAMETER = "a parameter such as kvm_amd.avic=1"

NULL = below("/cpu", "microcode brand") + below("", "guest/version observations/0/value")
NULL += ["/observations/0/exit"]

ALL = [
    Bad(
        "several-empty-object",
        written({}),
        tuple(map(nothing, below("", "format tool measured_at cpu hypervisor guest observations"))),
    ),
    bad(
        "several-nulls",
        dict.fromkeys((*NULL, "/links")),
        *(Fault(at, "null", LEAVE_OUT) for at in NULL),
        Fault("/links", "null", "a list"),
        base=FULL,
    ),
    bad(
        "several-links-and-parameters",
        {
            "/hypervisor/parameters": ["avic", "kvm_amd.avic=1", "=", ""],
            "/links": ["http://a.example/", "a@b", "<a@b>"],
        },
        Fault("/hypervisor/parameters/0", '"avic"', PARAMETER),
        Fault("/hypervisor/parameters/2", '"="', PARAMETER),
        Fault("/hypervisor/parameters/3", '""', PARAMETER),
        Fault("/links/0", '"http://a.example/"', LINK),
        Fault("/links/2", '"<a@b>"', LINK),
    ),
    bad(
        "several-observations",
        {
            "/observations/0/outcome": GONE,
            "/observations/1": 7,
            "/observations/2": SEEN
            | {"register": "", "mode": "avic", "access": "read", "value": "1"},
            "/observations/3": SEEN,
        },
        nothing("/observations/0/outcome"),
        Fault("/observations/1", "7", "an object"),
        Fault("/observations/2/register", '""', "a text that is not empty"),
        Fault("/observations/2/value", '"1"', "hexadecimal such as 0x402, at most 16 digits"),
    ),
    bad(
        "several-of-the-form",
        {
            "/format": 2,
            "/measured_at": "yesterday",
            "/cpu/family": "25",
            "/observations/0/mode": "xapic",
            "/serial": "h",
        },
        Fault("/format", "2", "1, the only format there is"),
        Fault(
            "/measured_at", '"yesterday"',
            "a moment such as 2026-11-22T10:13:27+01:00, with its offset",
        ),
        Fault("/cpu/family", '"25"', "a whole number"),
        Fault(
            "/observations/0/mode", '"xapic"', "one of avic, x2avic", "did you mean `x2avic`?"
        ),
        unknown("/serial"),
    ),
    bad(
        "several-of-the-meaning",
        {
            "/hypervisor/accelerator": "tcg",
            "/host": {"virtual": True},
            "/observations/1": SEEN | {"register": "ldrr"},
            "/observations/2": {"register": "isr", "member": 8} | AS_SEEN,
            "/observations/3": {
                "register": "0x304", "mode": "avic", "access": "write", "outcome": "vmexit-fault"
            },
            "/observations/4": {
                "register": "tpr", "member": 1, "mode": "avic", "access": "write",
                "outcome": "accelerated",
            },
        },
        Fault(
            "/hypervisor/accelerator", '"tcg"',
            "hardware virtualization: an emulator's answers are not AVIC's", NAME_IT,
        ),
        Fault(
            "/observations/1/register", '"ldrr"',
            "a slug, a macro, an offset or an MSR of the table", "did you mean `ldr`?",
        ),
        Fault("/observations/2/member", "8", "a member of isr: 0 to 7"),
        Fault(
            "/observations/3/register", '"0x304"',
            "a slug, a macro, an offset or an MSR of the table",
            "304h lies inside the slot of 300h.",
        ),
        Fault("/observations/4/member", "1", "no member: tpr is not a vector register"),
        Fault(
            "/host/virtual", "true",
            "bare metal: the hypervisor of a virtual host answers along with the processor",
            NAME_IT,
        ),
    ),
    Bad(
        "several-of-the-text-and-the-form",
        edited(
            (
                b'"format": 1,',
                b'"format": 1,\n "x-load": NaN,\n "x-limit": Infinity,\n "format": 3,',
            ),
            (b'"model": 17', b'"model": 1e999'),
            (b'"gp"', b'"#gp"'),
        ),
        (
            Fault("/format", "the key twice", "each key once"),
            Fault("/format", "3", "1, the only format there is"),
            Fault("/x-load", "NaN", NO_NUMBER),
            Fault("/x-limit", "Infinity", NO_NUMBER),
            Fault("/cpu/model", "the number 1e999", "a number within the range of a double"),
            Fault("/observations/0/outcome", '"#gp"', OUTCOMES, "did you mean `gp`?"),
        ),
        of_the_text=True,
    ),
    bad(
        "several-of-the-form-and-the-meaning",
        {
            "/tool": 3,
            "/hypervisor": MINIMAL["hypervisor"] | {"accelerator": "tcg", "parameters": ["avic"]},
            "/host": {"virtual": True, "branch": ""},
            "/exits_watched": False,
            "/observations/0": SEEN | {"register": "ldrr", "mode": "xapic"},
            "/observations/1": {"register": 7, "member": 3} | AS_SEEN,
            "/observations/2": {"register": "isr", "member": 8} | AS_SEEN | {
                "outcome": "vmexit-trap", "exit": {"code": "0x402"}, "note": 5,
            },
        },
        Fault("/tool", "3", "an object"),
        Fault(
            "/hypervisor/accelerator", '"tcg"',
            "hardware virtualization: an emulator's answers are not AVIC's", NAME_IT,
        ),
        Fault("/hypervisor/parameters/0", '"avic"', PARAMETER),
        Fault(
            "/observations/0/register", '"ldrr"',
            "a slug, a macro, an offset or an MSR of the table", "did you mean `ldr`?",
        ),
        Fault(
            "/observations/0/mode", '"xapic"', "one of avic, x2avic", "did you mean `x2avic`?"
        ),
        Fault("/observations/1/register", "7", "a string"),
        Fault("/observations/2/member", "8", "a member of isr: 0 to 7"),
        Fault("/observations/2/outcome", '"vmexit-trap"', UNWATCHED),
        Fault("/observations/2/exit", '"0x402"', "no exit: `exits_watched` is false"),
        Fault("/observations/2/note", "5", "a string"),
        Fault(
            "/host/virtual", "true",
            "bare metal: the hypervisor of a virtual host answers along with the processor",
            NAME_IT,
        ),
        Fault("/host/branch", '""', "a text that is not empty"),
    ),
    bad(
        "several-typos",
        {},
        unknown("/tool/nmae", "name"),
        nothing("/tool/name"),
        unknown("/measured", "measured_at"),
        unknown("/observations/0/aceess", "access"),
        nothing("/observations/0/access"),
        nothing("/measured_at"),
        base=renamed(
            MINIMAL,
            ("/tool/name", "nmae"),
            ("/measured_at", "measured"),
            ("/observations/0/access", "aceess"),
        ),
    ),
]  # fmt: skip
