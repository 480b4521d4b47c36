"""`vapic check-mail`, run as its users do."""

import io
import sys

import pytest

from tests.quoting.conftest import quote
from tests.running import SITE


@pytest.fixture
def piped(vapic, shared_url, monkeypatch):
    """The command line over that database, with a mail on its standard input."""
    monkeypatch.setenv("DATABASE_URL", shared_url)

    def run(mail, *args):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mail.encode())))
        return vapic(*args)

    return run


@pytest.fixture
def block(piped):
    return piped("", "cite", "ldr/x2avic/write").out


def test_a_mail_that_still_holds_ends_with_0(piped, block):
    ran = piped(f"Ada wrote:\n{quote(block)}", "check-mail")

    assert (0, "") == (ran.code, ran.err)
    assert "1 link: 1 unchanged; 1 copied block" in ran.out


@pytest.mark.parametrize(
    ("old", "new"), [("#GP, no", "#PF, no"), ("at=2026-11-22.1", "at=2026-11-20"), ("/ldr/", "/x/")]
)
def test_a_mail_that_does_not_hold_ends_with_1(piped, block, old, new):
    assert 1 == piped(block.replace(old, new), "check-mail").code


def test_a_mail_may_be_a_file_and_the_site_may_have_another_address(piped, block, tmp_path):
    mail = tmp_path / "mail.eml"
    mail.write_text(block.replace(SITE, "https://old.example.org"), "utf-8")
    alone = piped("", "check-mail", mail)
    named = piped("", "check-mail", mail, "--site", "https://old.example.org")

    assert (0, 0) == (alone.code, named.code)
    assert "No link to this site was found" in alone.out
    assert "lead to old.example.org" in alone.out
    assert "1 copied block" in named.out
    assert alone.out == piped(mail.read_text("utf-8"), "check-mail", "-").out
