"""Texts and lists that are of the right type and say nothing that the format takes."""

from tests.intake.bad.table import FULL, MINIMAL, below, named, wrong

VALUE = "/observations/0/value"
HEX = "hexadecimal such as 0x402, at most 16 digits"
CUT = '"' + "x" * 55 + '..."'

CONTROL_CHARACTERS = wrong(
    MINIMAL,
    "text without control characters and changes of direction",
    ("control-c1", "/tool/name", "a\x9b31mb"),
    ("control-delete", "/tool/name", "a\x7fb"),
    ("control-escape", "/tool/name", "a\x1b[31mb"),
    ("control-escape-in-note", "/observations/0/note", "\x1b]0;x\x07"),
    ("control-line-separator", "/tool/name", "a\u2028b"),
    ("control-newline", "/tool/name", "a\nb"),
    ("control-newline-in-command", "/guest/command", "a\nb"),
    ("control-nul", "/tool/name", "a\x00b"),
    ("control-nul-in-notes", "/notes", "a\x00b"),
    ("control-nul-in-register", "/observations/0/register", "ldr\x00"),
    ("control-right-to-left-override", "/tool/name", "a\u202eb"),
    ("control-tab", "/tool/name", "a\tb"),
)

EMPTY = [
    *below("/cpu", "brand vendor"),
    *below("/guest", "command name version"),
    *below("/hypervisor", "name version"),
    *below("/observations/0", "condition register"),
    *below("/submitter", "contact name"),
    *below("/tool", "name version"),
]
LONG = [
    *below("/observations/0", "condition register"),
    *("/cpu/brand", "/submitter/contact", "/tool/name"),
]

TOO_LONG = [
    *wrong(FULL, "at most 200 characters", *named("too-long", "x" * 201, *LONG), found=CUT),
    *wrong(
        MINIMAL,
        "at most 500 characters",
        ("link-too-long", "/links/0", "https://example.org/" + "a" * 481),
        found='"https://example.org/' + "a" * 35 + '..."',
    ),
    *wrong(
        MINIMAL,
        "at most 2000 characters",
        *named("too-long", 2001 * "x", "/guest/command"),
        found=CUT,
    ),
    *wrong(
        MINIMAL, "at most 20000 characters", ("too-long-notes", "/notes", "x" * 20_001), found=CUT
    ),
    *wrong(
        MINIMAL,
        "at most 20000 characters",
        ("too-long-note", "/observations/0/note", "ü" * 20_001),
        found='"' + r"\u00fc" * 9 + '..."',
    ),
]

TOO_MANY_OR_TOO_FEW = [
    *wrong(MINIMAL, "at least 1 item", ("no-observations", "/observations", [])),
    *wrong(MINIMAL, "at most 50 items", ("links-51", "/links", ["a@b"] * 51)),
    *wrong(
        MINIMAL, "at most 100 items", ("parameters-101", "/hypervisor/parameters", ["a=1"] * 101)
    ),
]

HEXADECIMAL = [
    *wrong(
        MINIMAL,
        HEX,
        ("hex-17-digits", VALUE, "0x11111111111111111"),
        ("hex-capital-x", VALUE, "0X402"),
        ("hex-digits-of-another-script", VALUE, "0x\u0664\u0660\u0662"),
        ("hex-empty", VALUE, "0x"),
        ("hex-newline", VALUE, "0x402\n"),
        ("hex-suffix", VALUE, "402h"),
        ("hex-without-0x", VALUE, "402"),
    ),
    *wrong(FULL, HEX, ("hex-letter", "/observations/0/exit/code", "0x40g")),
]

LINKS = wrong(
    MINIMAL,
    "an https:// address or a Message-ID without angle brackets",
    ("link-angle-brackets", "/links/0", "<20260508000000.1-user@example.org>"),
    ("link-angle-brackets-url", "/links/0", "<https://example.org/>"),
    ("link-backslash", "/links/0", "https://example.org\\@b"),
    ("link-capital-scheme", "/links/0", "HTTPS://example.org/"),
    ("link-data", "/links/0", "data:text/html,x@y"),
    ("link-empty", "/links/0", ""),
    ("link-ftp", "/links/0", "ftp://example.org/"),
    ("link-http", "/links/0", "http://example.org/"),
    ("link-javascript", "/links/0", "javascript:alert(1)"),
    ("link-javascript-at", "/links/0", "javascript:alert('a@b')"),
    ("link-mailto", "/links/0", "mailto:user@example.org"),
    ("link-newline", "/links/0", "https://example.org/\n"),
    ("link-not-ascii", "/links/0", "https://example.org/ü"),
    ("link-protocol-relative", "/links/0", "//example.org/a@b"),
    ("link-quote", "/links/0", 'https://example.org/"onclick="x'),
    ("link-scheme-only", "/links/0", "https://"),
    ("link-space", "/links/0", "https://example.org/a b"),
    ("link-two-ats", "/links/0", "a@b@c"),
    ("link-word", "/links/0", "lore"),
)

PARAMETERS = [
    *wrong(
        MINIMAL,
        "a parameter such as kvm_amd.avic=1",
        ("parameter-empty", "/hypervisor/parameters/0", ""),
        ("parameter-not-ascii", "/hypervisor/parameters/0", "kvm.a=ü"),
        ("parameter-with-space", "/hypervisor/parameters/0", "kvm_amd.avic=1 kvm_amd.npt=1"),
        ("parameter-without-equals", "/hypervisor/parameters/0", "kvm_amd.avic"),
        ("parameter-without-name", "/hypervisor/parameters/0", "=1"),
    ),
    *wrong(
        MINIMAL,
        "a parameter such as kvm_amd.avic=1",
        ("parameter-too-long", "/hypervisor/parameters/0", "kvm.a=" + "1" * 101),
        found='"kvm.a=' + "1" * 49 + '..."',
    ),
]

MOMENTS = [
    *wrong(
        MINIMAL,
        "a day that exists",
        ("moment-29-february-2100", "/measured_at", "2100-02-29T00:00:00Z"),
        ("moment-30-february", "/measured_at", "2026-02-30T00:00:00Z"),
    ),
    *wrong(
        MINIMAL,
        "a moment such as 2026-11-22T10:13:27+01:00, with its offset",
        ("moment-date-only", "/measured_at", "2026-11-22"),
        ("moment-digits-of-another-script", "/measured_at", "\u0662026-11-22T10:13:27Z"),
        ("moment-hour-24", "/measured_at", "2026-11-22T24:00:00Z"),
        ("moment-lower-case", "/measured_at", "2026-11-22t10:13:27z"),
        ("moment-month-0", "/measured_at", "2026-00-01T00:00:00Z"),
        ("moment-month-13", "/measured_at", "2026-13-01T00:00:00Z"),
        ("moment-offset-24", "/measured_at", "2026-11-22T10:13:27+24:00"),
        ("moment-offset-without-colon", "/measured_at", "2026-11-22T10:13:27+0100"),
        ("moment-second-60", "/measured_at", "2026-12-31T23:59:60Z"),
        ("moment-space", "/measured_at", "2026-11-22 10:13:27Z"),
        ("moment-ten-decimals", "/measured_at", "2026-11-22T10:13:27.1234567890Z"),
        ("moment-trailing-newline", "/measured_at", "2026-11-22T10:13:27Z\n"),
        ("moment-unix", "/measured_at", "1790000000"),
        ("moment-without-offset", "/measured_at", "2026-11-22T10:13:27"),
        ("moment-year-0", "/measured_at", "0000-01-01T00:00:00Z"),
    ),
]

ALL = [
    *CONTROL_CHARACTERS,
    *wrong(FULL, "a text that is not empty", *named("empty", "", *EMPTY)),
    *TOO_LONG,
    *TOO_MANY_OR_TOO_FEW,
    *HEXADECIMAL,
    *LINKS,
    *PARAMETERS,
    *MOMENTS,
]
