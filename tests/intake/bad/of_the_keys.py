"""Keys that are missing, misspelt or unknown."""

from tests.intake.bad.table import MINIMAL, below, missing, misspelt, wrong

FAR = True  # from the key, too far for a hint

MISSING = missing(
    *below("", "format tool measured_at cpu hypervisor guest observations"),
    *below("/tool", "name version"),
    *below("/cpu", "vendor family model stepping"),
    *below("/hypervisor", "name version"),
    *below("/guest", "name command"),
    *below("/observations/0", "register mode access outcome exit/code"),
    "/submitter/name",
)

MISSPELT = [
    *misspelt(
        ("/cpu/family", "famly"),
        ("/cpu/model", "modle"),
        ("/cpu/stepping", "steping"),
        ("/cpu/vendor", "vender"),
        ("/cpu", "cpus"),
        ("/format", "fromat"),
        ("/guest/command", "cmd_line", FAR),
        ("/guest/name", "nam"),
        ("/guest", "gest"),
        ("/hypervisor/name", "Name"),
        ("/hypervisor/version", "versoin"),
        ("/hypervisor", "hypervizor"),
        ("/measured_at", "mesured_at"),
        ("/observations/0/access", "aceess"),
        ("/observations/0/exit/code", "cod"),
        ("/observations/0/mode", "moed"),
        ("/observations/0/outcome", "outcom"),
        ("/observations/0/register", "registr"),
        ("/observations", "observation"),
        ("/submitter/name", "nmae"),
        ("/tool/name", "nane"),
        ("/tool/version", "verison"),
        ("/tool", "tools"),
        required=True,
    ),
    *misspelt(
        ("/cpu/brand", "brnad"),
        ("/cpu/microcode", "ucode", FAR),
        ("/features/avic_extlvt", "avic_ext_lvt"),
        ("/features/avic", "avci"),
        ("/features/x2avic_ext", "x2avicext"),
        ("/features/x2avic", "x2_avic"),
        ("/features", "feature"),
        ("/guest/version", "vers"),
        ("/hypervisor/accelerator", "acelerator"),
        ("/hypervisor/parameters", "params"),
        ("/links", "link"),
        ("/notes", "note"),
        ("/observations/0/condition", "condtion"),
        ("/observations/0/count", "cuont"),
        ("/observations/0/exit/info1", "info_1"),
        ("/observations/0/exit/info2", "exitinfo2"),
        ("/observations/0/exit/rip", "ripp"),
        ("/observations/0/exit", "exti"),
        ("/observations/0/intercepted", "intercept"),
        ("/observations/0/member", "memebr"),
        ("/observations/0/note", "notes"),
        ("/observations/0/read_back", "readback"),
        ("/observations/0/value", "vlaue"),
        ("/submitter/contact", "contract"),
        ("/submitter/withhold", "withold"),
        ("/submitter", "submiter"),
        required=False,
    ),
]

UNKNOWN = wrong(
    MINIMAL,
    "a key of the format",
    ("unknown-key", "/serial", "a"),
    ("unknown-key-empty", "/", 1),
    ("unknown-key-with-slash-and-tilde", "/a~1b~0c", 1),
    ("unknown-key-capital-x", "/X-note", 1, "did you mean `notes`?"),
    ("unknown-key-x-without-hyphen", "/xnote", 1, "did you mean `notes`?"),
    (
        "unknown-key-by-attribute-name", "/observations/0/register_", "ldr",
        "did you mean `register`?",
    ),
    found="an unknown key",
)  # fmt: skip

ALL = [*MISSING, *MISSPELT, *UNKNOWN]
