"""Any form in which a mail is pasted gives its lines."""

import base64
import quopri

import pytest

from app.intake.mail_reading import read_mail

HEAD = "From: Ada <ada@example.org>\nTo: list@example.org\nSubject: Re: AVIC\n"
TEXT = "> > LDR = trap\n>> and so\nAn opinion, naïve\n"
LINES = [(2, "LDR = trap"), (2, "and so"), (0, "An opinion, naïve"), (0, "")]
PLAIN = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
PARTS = 'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="b"\n'


def lines_of(raw):
    return [(line.depth, line.text) for line in read_mail(raw).lines]


def message(encoding, body):
    return f"{HEAD}{PLAIN}{encoding}\n\n".encode() + body


WAYS = {
    "bare text": TEXT.encode(),
    "bare text with CRLF": TEXT.replace("\n", "\r\n").encode(),
    "8bit": message("8bit", TEXT.encode()),
    "quoted-printable": message("quoted-printable", quopri.encodestring(TEXT.encode())),
    "base64": message("base64", base64.encodebytes(TEXT.encode())),
    "an unknown encoding": message("x-none", TEXT.encode()),
    "an mbox of one": b"From ada Sun Nov 22 12:00:00 2026\n" + message("8bit", TEXT.encode()),
    "latin-1": message("8bit", TEXT.encode("latin-1")).replace(b"utf-8", b"iso-8859-1"),
    "an unknown charset": message("8bit", TEXT.encode()).replace(b"utf-8", b"x-unheard-of"),
    "quoted-printable without its head": quopri.encodestring(TEXT.encode()),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_form_of_a_mail_gives_the_same_lines(way):
    assert LINES == lines_of(WAYS[way])


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (b"one\n> LDR\n", 2),
        (HEAD.encode() + b"\none\n> LDR\n", 6),
        (message("quoted-printable", b"one=\n two=\n three\n> L=44R\n"), 10),
        (b"soft=\n break =3D\n> LDR\n", 3),
        (message("base64", base64.encodebytes(b"one\n> LDR\n")), 2),
    ],
)
def test_lines_are_numbered_as_they_were_pasted_or_in_the_decoded_text(raw, number):
    mail = read_mail(raw)

    assert [number] == [line.number for line in mail.lines if line.text == "LDR"]
    assert (b"base64" in raw) == mail.decoded


def test_quoted_lines_that_nobody_decoded_are_named():
    mail = read_mail(f"{HEAD}\nAda wrote:\n> see http://x/?at=3D1 =\n> and more\n".encode())

    assert 3 == len([line for line in mail.lines if line.text])
    assert "quoted lines are quoted-printable that nobody decoded" in mail.notes[0]


def test_text_parts_are_read_and_html_is_named():
    raw = (
        f"{HEAD}{PARTS}\n--b\n{PLAIN}8bit\n\n> one\n--b\nContent-Type: text/html\n\n<p>one\n--b--\n"
    )
    mail = read_mail(raw.encode())

    assert [(11, 1, "one")] == [(line.number, line.depth, line.text) for line in mail.lines]
    assert ("Line 15: text/html says the same again and is not read.",) == mail.notes


@pytest.mark.parametrize(
    "text",
    ["see https://x/?at=2026-11-22.1", "a = b\nc =3D d", "?at=20", "Note: this\nis: text", ""],
)
def test_text_that_only_looks_encoded_stays_as_it_is(text):
    assert text.split("\n") == [line.text for line in read_mail(text.encode()).lines]


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe\x00", b"From: a\nTo: b", b"\n\n", b">" * 99, b"=3D=", b"\x1b[31m"]
)
def test_no_bytes_are_too_strange(raw):
    assert read_mail(raw).lines
