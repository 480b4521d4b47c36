"""Links to the site are found wherever a mail program left them."""

import pytest

from app.intake.mail_reading import read_mail
from app.mail.mail_links import SiteAddress, find_links, lookalike_hosts

SITE = "https://vapic.example.org"
CELL = "/r/ldr/x2avic/write?at=2026-11-22.1"
SITES = (SiteAddress.of(SITE),)


def best(mail, sites=SITES):
    """The best reading of each link, with the index of the line that it begins on."""
    found = find_links(read_mail(mail.encode()).lines, sites)
    return [(link.line, link.readings[0].address) for link in found]


@pytest.mark.parametrize(
    "mail",
    [
        f"{SITE}{CELL}",
        f"see {SITE}{CELL}.",
        f"(see {SITE}{CELL}), or",
        f"<{SITE}{CELL}>",
        f'"{SITE}{CELL}"',
        f"Link: {SITE}{CELL} # [1]",
        f"> > {SITE}{CELL}",
        f">>{SITE}{CELL}!",
        f"[the cell]({SITE}{CELL})",
        f"http://vapic.example.org{CELL}",
        f"HTTPS://VAPIC.example.org:443{CELL}",
        f"{SITE}{CELL.replace('=', '=3D')} in undecoded text = so",
        f"<{SITE}/r/ldr/\nx2avic/write?at=2026-11-22.1>",
        f"> <{SITE}/r/ldr/x2avic/\n> write?at=2026-11-22.1>",
        f"> > {SITE}/r/ldr/x2avic/write?at=\n2026-11-22.1",
        f"{SITE}/r/ldr/x2avic/write?a=\nt=3D2026-11-22.1",
        f"{SITE}/r/ldr/x2avic/write?at=3D=\n2026-11-22.1 = in a reply",
        f"{SITE}/r/ldr/x2avic/write?at=2026-11-22.\n1\n",
        "https://vapic.exam\nple.org/r/ldr/x2avic/write?at=2026-11-22.1\n",
        "some words up to the end of this line and then http\ns://vapic.example.org" + CELL,
    ],
)
def test_a_link_is_read_in_any_wrapping(mail):
    assert CELL in [r.address for k in find_links(read_mail(mail.encode()).lines, SITES)
                    for r in k.readings]  # fmt: skip


@pytest.mark.parametrize(
    ("mail", "found"),
    [
        (f"{SITE}/d/1\n3 of them\n", "/d/1"),
        (f"{SITE}/r/icr\n\nnext", "/r/icr"),
        (f"{'x' * 40} {SITE}/r/icr/x2avic/\nwrite, and", "/r/icr/x2avic/write"),
        (f"{'x' * 45} {SITE}{CELL[:-1]}\n1 is the version\n", CELL),
        (f"<{SITE}/r/icr\n/avic/read>", "/r/icr/avic/read"),
        (f"{SITE}/?mode=avic&amp;at=2026-11-22", "/?mode=avic&at=2026-11-22"),
        (SITE, "/"),
    ],
)
def test_of_several_readings_the_likeliest_comes_first(mail, found):
    assert [(0, found)] == best(mail)


@pytest.mark.parametrize(
    "mail",
    [
        "nothing at all",
        "https://lore.kernel.org/kvm/x",
        f"https://example.org/{SITE.removeprefix('https://')}",
        "https://vapic.example.org.evil.example/r/ldr",
        "https://vapic.example.org:8443/r/ldr",
        "https://[broken/r/ldr",
        f"{'x' * 2000}{SITE}/r/ldr",
        "http://" * 2000,
    ],
)
def test_what_is_no_link_of_ours_is_left_alone(mail):
    assert [] == best(mail)


def test_every_link_of_a_line_is_found_once():
    mail = f"one\n{SITE}/r/ldr, {SITE}/r/icr and <{SITE}/d/3>.\n> {SITE}/d/4"

    assert [(1, "/r/ldr"), (1, "/r/icr"), (1, "/d/3"), (2, "/d/4")] == best(mail)


def test_a_site_below_a_folder_and_a_second_address_are_ours_too():
    sites = (SiteAddress.of("https://example.org/vapic/"), SiteAddress.of("old.example.org:8000"))
    mail = "https://example.org/vapic/r/ldr http://old.example.org:8000/d/3 https://example.org/r/x"

    assert [(0, "/r/ldr"), (0, "/d/3")] == best(mail, sites)


def test_links_that_look_like_ours_elsewhere_are_named():
    mail = f"https://mirror.example.org{CELL} {SITE}{CELL} https://example.org/r/ldr http://["

    assert ("mirror.example.org",) == lookalike_hosts(read_mail(mail.encode()).lines, SITES)
