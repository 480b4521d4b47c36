"""Values of another type than the format's, null among them, and numbers out of their range.

Which type a key has, the document with every key says.
"""

from tests.intake.bad.table import FULL, MINIMAL, Bad, below, named, places, wrong

SEEN = MINIMAL["observations"][0]
# What is one of a list of words says so, whatever it is.
WORDS = ("accelerator", "mode", "access", "outcome", "rip")
FORMAT = "1, the only format there is"
LARGEST = {"stepping": 15, "model": 255, "member": 255, "family": 270, "count": 10**9}


def each(
    kind: type, what: str, value: object, expected: str, *, but: tuple[str, ...] = ()
) -> list[Bad]:
    """Return documents with a value in the place of one of some type; ``but`` are other keys."""
    found = [at for at, old in places(FULL) if type(old) is kind]
    kept = [at for at in found if at.rpartition("/")[2] not in but]
    return wrong(FULL, expected, *named(what, value, *kept))


def too_large(key: str, most: int) -> list[Bad]:
    """Return documents in which a number is just too large, or larger than machines have."""
    (at,) = [at for at, _ in places(FULL) if at.endswith(f"/{key}")]
    numbers = {"too-large": most + 1, "of-64-bits": 2**63, "of-65-bits": 2**64}
    rows = [row for what, value in numbers.items() for row in named(what, value, at)]
    return wrong(FULL, f"a number up to {most}", *rows)


HEX = ("microcode", "svm_edx", "code", "info1", "info2", "value", "read_back")
HEX_STRING = "a string, hexadecimal such as 0x402, at most 16 digits"
NULL = [
    *below("", "features/avic notes cpu/microcode submitter"),
    *below("/observations/0", "condition member value exit"),
]

ALL = [
    *each(str, "number", 7, "a string", but=(*WORDS, *HEX)),
    *wrong(
        FULL, HEX_STRING, *named("number", 7, *(at for at, _ in places(FULL) if at.endswith(HEX)))
    ),
    *each(bool, "number", 1, "true or false"),
    *each(dict, "text", "text", "an object"),
    *each(list, "text", "text", "a list"),
    *each(int, "boolean", True, "a whole number", but=("format",)),
    *each(int, "fraction", 1.5, "a whole number", but=("format",)),
    *each(int, "text", "1", "a whole number", but=("format",)),
    *each(int, "negative", -1, "a number from 0", but=("format", "count")),
    *(bad for key, most in LARGEST.items() for bad in too_large(key, most)),
    *wrong(FULL, "a number from 1", *named("negative", -1, "/observations/0/count")),
    *wrong(FULL, "a number from 1", *named("zero", 0, "/observations/0/count")),
    *wrong(MINIMAL, HEX_STRING, *named("hex-number", 168825160, "/cpu/microcode")),
    *wrong(MINIMAL, "a whole number", *named("hex-string", "0x19", "/cpu/family")),
    *wrong(FULL, "an object", *named("list", [1], "/cpu")),
    *wrong(FULL, "a list", *named("object", {}, "/observations")),
    *wrong(MINIMAL, "a list", *named("object-with-keys", {"0": SEEN}, "/observations")),
    *wrong(FULL, "a value; where there is none, leave the key out", *named("null", None, *NULL)),
    *wrong(FULL, "a string", *named("null", None, "/tool/name", "/links/0")),
    *wrong(FULL, "an object", *named("null", None, "/features")),
    *wrong(FULL, "a whole number", *named("null", None, "/observations/0/count")),
    *wrong(FULL, "true or false", *named("null", None, "/observations/0/intercepted")),
    *wrong(
        FULL,
        FORMAT,
        *((f"format-{n}", "/format", n) for n in (0, 2, 2**63, 2**64, -1, True, 1.5, "1")),
    ),
]
