"""Values of another type than the format's, null among them, and numbers out of their range."""

from tests.intake.bad.table import FULL, MINIMAL, wrong

FAMILY, MODEL, STEPPING = "/cpu/family", "/cpu/model", "/cpu/stepping"
SEEN = MINIMAL["observations"][0]

NO_STRING = [
    *wrong(MINIMAL, "a string", ("hex-number", "/cpu/microcode", 168825160)),
    *wrong(
        FULL,
        "a string",
        ("null-tool-name", "/tool/name", None),
        ("type-cpu-brand-number", "/cpu/brand", 7),
        ("type-cpu-microcode-number", "/cpu/microcode", 7),
        ("type-cpu-vendor-number", "/cpu/vendor", 7),
        ("type-guest-command-number", "/guest/command", 7),
        ("type-guest-name-number", "/guest/name", 7),
        ("type-guest-version-number", "/guest/version", 7),
        ("type-hypervisor-name-number", "/hypervisor/name", 7),
        ("type-hypervisor-version-number", "/hypervisor/version", 7),
        ("type-link-null", "/links/0", None),
        ("type-measured-at-number", "/measured_at", 7),
        ("type-notes-number", "/notes", 7),
        ("type-observation-condition-number", "/observations/0/condition", 7),
        ("type-observation-exit-code-number", "/observations/0/exit/code", 7),
        ("type-observation-exit-info1-number", "/observations/0/exit/info1", 7),
        ("type-observation-exit-info2-number", "/observations/0/exit/info2", 7),
        ("type-observation-note-number", "/observations/0/note", 7),
        ("type-observation-read-back-number", "/observations/0/read_back", 7),
        ("type-observation-register-number", "/observations/0/register", 7),
        ("type-observation-value-number", "/observations/0/value", 7),
        ("type-parameter-number", "/hypervisor/parameters/0", 1),
        ("type-submitter-contact-number", "/submitter/contact", 7),
        ("type-submitter-name-number", "/submitter/name", 7),
        ("type-tool-name-number", "/tool/name", 7),
        ("type-tool-version-number", "/tool/version", 7),
    ),
]

NEITHER_TRUE_NOR_FALSE = wrong(
    FULL,
    "true or false",
    ("null-observation-intercepted", "/observations/0/intercepted", None),
    ("type-features-avic-extlvt-number", "/features/avic_extlvt", 1),
    ("type-features-avic-number", "/features/avic", 1),
    ("type-features-avic-string", "/features/avic", "yes"),
    ("type-features-x2avic-ext-number", "/features/x2avic_ext", 1),
    ("type-features-x2avic-number", "/features/x2avic", 1),
    ("type-observation-intercepted-number", "/observations/0/intercepted", 1),
    ("type-submitter-withhold-number", "/submitter/withhold", 1),
)

NO_OBJECT = wrong(
    FULL,
    "an object",
    ("type-cpu-list", "/cpu", [1]),
    ("type-cpu-string", "/cpu", "text"),
    ("type-features-null", "/features", None),
    ("type-features-string", "/features", "text"),
    ("type-guest-string", "/guest", "text"),
    ("type-hypervisor-string", "/hypervisor", "text"),
    ("type-observation-exit-string", "/observations/0/exit", "text"),
    ("type-observation-string", "/observations/0", "ldr"),
    ("type-submitter-string", "/submitter", "text"),
    ("type-tool-string", "/tool", "text"),
)

NO_LIST = [
    *wrong(
        FULL,
        "a list",
        ("type-hypervisor-parameters-string", "/hypervisor/parameters", "text"),
        ("type-links-string", "/links", "text"),
        ("type-observations-object", "/observations", {}),
        ("type-observations-string", "/observations", "text"),
    ),
    *wrong(MINIMAL, "a list", ("type-observations-object-with-keys", "/observations", {"0": SEEN})),
]

NULL = wrong(
    FULL,
    "a value; where there is none, leave the key out",
    ("null-cpu-microcode", "/cpu/microcode", None),
    ("null-features-avic", "/features/avic", None),
    ("null-notes", "/notes", None),
    ("null-observation-condition", "/observations/0/condition", None),
    ("null-observation-member", "/observations/0/member", None),
    ("null-observation-value", "/observations/0/value", None),
    ("type-exit-null", "/observations/0/exit", None),
    ("type-submitter-null", "/submitter", None),
)

NO_WHOLE_NUMBER = [
    *wrong(MINIMAL, "a whole number", ("family-hex-string", FAMILY, "0x19")),
    *wrong(
        FULL,
        "a whole number",
        ("null-observation-count", "/observations/0/count", None),
        ("count-boolean", "/observations/0/count", True),
        ("count-fraction", "/observations/0/count", 1.5),
        ("count-string", "/observations/0/count", "1"),
        ("family-boolean", FAMILY, True),
        ("family-fraction", FAMILY, 1.5),
        ("family-string", FAMILY, "1"),
        ("member-boolean", "/observations/0/member", True),
        ("member-fraction", "/observations/0/member", 1.5),
        ("member-string", "/observations/0/member", "1"),
        ("model-boolean", MODEL, True),
        ("model-fraction", MODEL, 1.5),
        ("model-string", MODEL, "1"),
        ("stepping-boolean", STEPPING, True),
        ("stepping-fraction", STEPPING, 1.5),
        ("stepping-string", STEPPING, "1"),
    ),
]

TOO_SMALL = [
    *wrong(MINIMAL, "a number from 1", ("count-zero", "/observations/0/count", 0)),
    *wrong(FULL, "a number from 1", ("count-negative", "/observations/0/count", -1)),
    *wrong(
        FULL,
        "a number from 0",
        ("family-negative", FAMILY, -1),
        ("member-negative", "/observations/0/member", -1),
        ("model-negative", MODEL, -1),
        ("stepping-negative", STEPPING, -1),
    ),
]

TOO_LARGE = [
    *wrong(MINIMAL, "a number up to 15", ("stepping-16", STEPPING, 16)),
    *wrong(MINIMAL, "a number up to 255", ("model-256", MODEL, 256)),
    *wrong(MINIMAL, "a number up to 270", ("family-beyond-cpuid", FAMILY, 271)),
    *wrong(
        MINIMAL,
        "a number up to 1000000000",
        ("count-too-large", "/observations/0/count", 1_000_000_001),
    ),
    *wrong(
        FULL,
        "a number up to 15",
        ("stepping-2-63", STEPPING, 2**63),
        ("stepping-2-64", STEPPING, 2**64),
    ),
    *wrong(
        FULL,
        "a number up to 255",
        ("member-256", "/observations/0/member", 256),
        ("member-2-63", "/observations/0/member", 2**63),
        ("member-2-64", "/observations/0/member", 2**64),
        ("model-2-63", MODEL, 2**63),
        ("model-2-64", MODEL, 2**64),
    ),
    *wrong(
        FULL, "a number up to 270", ("family-2-63", FAMILY, 2**63), ("family-2-64", FAMILY, 2**64)
    ),
    *wrong(
        FULL,
        "a number up to 1000000000",
        ("count-2-63", "/observations/0/count", 2**63),
        ("count-2-64", "/observations/0/count", 2**64),
    ),
]

ANOTHER_FORMAT = [
    *wrong(
        MINIMAL,
        "1, the only format there is",
        ("format-0", "/format", 0),
        ("format-2", "/format", 2),
    ),
    *wrong(
        FULL,
        "1, the only format there is",
        ("format-2-63", "/format", 2**63),
        ("format-2-64", "/format", 2**64),
        ("format-boolean", "/format", True),
        ("format-fraction", "/format", 1.5),
        ("format-negative", "/format", -1),
        ("format-string", "/format", "1"),
    ),
]

ALL = [
    *NO_STRING,
    *NEITHER_TRUE_NOR_FALSE,
    *NO_OBJECT,
    *NO_LIST,
    *NULL,
    *NO_WHOLE_NUMBER,
    *TOO_SMALL,
    *TOO_LARGE,
    *ANOTHER_FORMAT,
]
