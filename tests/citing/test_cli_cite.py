"""`vapic cite`, run as its users do."""

import pytest

from app.mail import citing
from tests.running import FIRST, SITE

AT = f"at={FIRST}"


@pytest.fixture
def seeded(vapic, shared_url, monkeypatch):
    """The command line over a database that nobody writes to."""
    monkeypatch.setenv("DATABASE_URL", shared_url)
    return vapic


@pytest.mark.parametrize(
    ("args", "path"),
    [
        (("ldr/x2avic/write",), "/r/ldr/x2avic/write/mail.txt"),
        (("0x80d/X2AVIC/Write",), "/r/ldr/x2avic/write/mail.txt"),
        (("ICR", "--mode", "avic", "--access", "write"), "/r/icr/avic/write/mail.txt"),
        (("APIC_LDR",), "/r/ldr/mail.txt"),
        (("D-3",), "/d/3/mail.txt"),
        (("d-3",), "/d/3/mail.txt"),
        (("/d/3",), "/d/3/mail.txt"),
        ((f"{SITE}/r/ldr?{AT}",), "/r/ldr/mail.txt"),
        (("ldr", "eoi", "--mode", "x2avic"), "/mail.txt?rows=eoi,ldr&mode=x2avic"),
        (("ldr", "--mode", "x2avic"), "/mail.txt?rows=ldr&mode=x2avic"),
        (("ro", "wo", "--mode", "x2avic"), "/mail.txt?rows=ro,wo&mode=x2avic"),
        (("timer",), "/mail.txt?rows=timer"),
        (("--filter", "verdict=explained&family=zen-4"), "/mail?family=zen-4&verdict=explained"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)  # fmt: skip
def test_it_prints_what_the_page_gives(args, path, seeded, snapshot):
    ran = seeded("cite", *args)

    assert 0 == ran.code
    assert f"{SITE} is this machine" in ran.err
    assert citing.find_citation(snapshot, path, SITE).block() == ran.out


def test_other_forms_have_options(seeded):
    link = f"{SITE}/r/ldr/x2avic/write?{AT}"

    assert f"Link: {link}\n" == seeded("cite", "ldr/x2avic/write", "--trailer").out
    assert f"Link: {link} # [1]\n" == seeded("cite", "ldr/x2avic/write", "--number", 1).out
    assert seeded("cite", "D-15", "--commits").out.startswith('commit 5a7c7d148e48 ("KVM: ')
