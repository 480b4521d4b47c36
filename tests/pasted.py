"""The forms in which a text reaches somebody who pastes it: as functions from text to bytes."""

import base64
import html
import quopri
import textwrap

HEAD = "From: Ada <ada@example.org>\nTo: kvm@example.org\nSubject: Re: AVIC\nMIME-Version: 1.0\n"
FROM = "From ada@example.org Thu Nov 26 02:00:00 2026\n"


def quoted(text):
    return "".join(f"> {line}\n" for line in text.splitlines())


def mail(text, encoding="8bit", charset="utf-8", kind="text/plain", more=""):
    """A message with one part."""
    head = f"{HEAD}Content-Type: {kind}; charset={charset}{more}\n"
    return f"{head}Content-Transfer-Encoding: {encoding}\n\n".encode() + encoded(
        text, encoding, charset
    )


def encoded(text, encoding, charset="utf-8"):
    raw = text.encode(charset)
    ways = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}
    return ways.get(encoding, bytes)(raw)


def mixed(*parts, kind="mixed"):
    """A message of several parts, each with its own header."""
    inner = b"".join(b"--b\n" + part + b"\n" for part in parts)
    return f'{HEAD}Content-Type: multipart/{kind}; boundary="b"\n\n'.encode() + inner + b"--b--\n"


def part(text, encoding="8bit", kind="text/plain"):
    head = f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n"
    return head.encode() + encoded(text, encoding)


def page(text, tag="pre"):
    return (
        f"<html><head><title>x</title></head><body><{tag}>{html.escape(text)}</{tag}></body></html>"
    )


def flowed(text, mark=""):
    """Wrap long lines softly, as RFC 3676 has it."""
    out = []
    for line in text.splitlines():
        pieces = textwrap.wrap(line, 60, drop_whitespace=False, break_long_words=False)
        stuffed = [f" {piece}" if piece[:1] in (" ", ">") and not mark else piece
                   for piece in pieces or [""]]  # fmt: skip
        whole = [p if p.endswith(" ") or i == len(stuffed) - 1 else f"{p} "
                 for i, p in enumerate(stuffed)]  # fmt: skip
        whole[-1] = whole[-1].rstrip()
        out += [f"{mark}{piece}" for piece in whole]
    return "\n".join(out) + "\n"


FORMS = {
    "as it is": str.encode,
    "quoted": lambda text: quoted(text).encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "UTF-16 with its mark": lambda text: text.encode("utf-16"),
    "UTF-16 without": lambda text: text.encode("utf-16-le"),
    "big-endian UTF-16": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "coloured": lambda text: "".join(
        f"\x1b[1;31m{line}\x1b[0m\x1b[K\n" for line in text.splitlines()
    ).encode(),
    "coloured, as cat -v shows it": lambda text: "".join(
        f"^[[01;32m{line}^[[m\n" for line in text.splitlines()
    ).encode(),
    "with links of a terminal": lambda text: f"\x1b]8;;http://x/\x1b\\{text}\x1b]8;;\x07".encode(),
    "no-break spaces": lambda text: text.replace("  ", "\xa0 ").encode(),
    "invisible characters": lambda text: text.replace("WRMSR", "WR\u200bM\u00adSR").encode(),
    "entities": lambda text: html.escape(quoted(text)).encode(),
    "entities of entities": lambda text: html.escape(html.escape(quoted(text))).encode(),
    "numbered entities": lambda text: text.replace("#", "&#x23;").replace('"', "&#34;").encode(),
    "entities by other names": lambda text: text.replace("#", "&num;").replace(
        "(", "&lpar;").encode(),
    "rows of a table": lambda text: "".join(
        f"<tr><td>{html.escape(line).replace(' ', '&nbsp;')}</td></tr>\n"
        for line in text.splitlines()
    ).join(("<table>", "</table>")).encode(),
    "source of a page": lambda text: page(text).encode(),
    "lines of a web mail": lambda text: "".join(
        f'<div class="a>b">{html.escape(line)}<br></div>\r\n' for line in text.splitlines()
    ).encode(),
    "paragraphs of Outlook": lambda text: "".join(
        f"<p class=MsoNormal><span>{html.escape(line) or '&nbsp;'}<o:p></o:p></span></p>\n"
        for line in text.splitlines()
    ).encode(),
    "a quote of a forum": lambda text: f"[quote=Ada][code]\n{text}[/code][/quote]\n".encode(),
    "quoted-printable": lambda text: mail(text, "quoted-printable"),
    "quoted-printable, newlines too": lambda text: mail("", "quoted-printable")
    + text.replace("=", "=3D").replace("\n", "=0D=0A=\n").encode(),
    "quoted-printable, no head": lambda text: quopri.encodestring(f"a=b\n{text}".encode()),
    "base64": lambda text: mail(text, "base64"),
    "base64 with CRLF inside": lambda text: mail(text.replace("\n", "\r\n"), "base64"),
    "base64 in one line": lambda text: mail("", "base64") + base64.b64encode(text.encode()),
    "base64 with a footer": lambda text: mail(text, "base64") + b"___\nlist info: http://l/\n",
    "base64, no head": lambda text: base64.encodebytes(text.encode()),
    "UTF-16 in base64": lambda text: mail(text, "base64", "utf-16"),
    "UTF-7": lambda text: mail(text, "7bit", "utf-7"),
    "EBCDIC": lambda text: mail(text, "base64", "cp500"),
    "ISO-2022-JP": lambda text: mail(text, "7bit", "iso-2022-jp"),
    "an unheard-of charset": lambda text: mail(text).replace(b"utf-8", b"x-none"),
    "a charset with NUL": lambda text: mail(text).replace(b"utf-8", b'"u\0tf"'),
    "punycode": lambda text: mail(text).replace(b"utf-8", b"punycode"),
    "Latin-1 that says UTF-8": lambda text: mail("Zoë:\n" + text, charset="latin-1").replace(
        b"latin-1", b"utf-8"
    ),
    "flowed": lambda text: mail(flowed(text), more="; format=flowed"),
    "flowed and quoted": lambda text: mail(flowed(text, "> "), more="; format=flowed"),
    "flowed with DelSp": lambda text: mail(
        flowed(text).replace(" \n", "  \n"), more="; format=flowed; delsp=yes"
    ),
    "plain and HTML": lambda text: mixed(
        part(text, "quoted-printable"), part(page(text), "base64", "text/html"), kind="alternative"
    ),
    "HTML alone": lambda text: mail(page(text), "quoted-printable", kind="text/html"),
    "HTML beside an empty plain part": lambda text: mixed(
        part("", kind="text/plain"), part(page(text), kind="text/html"), kind="alternative"
    ),
    "a part of a signed message": lambda text: mixed(
        part(text, "quoted-printable"), part("-----BEGIN", kind="application/pgp-signature"),
        kind="signed",
    ),
    "an attachment without a type": lambda text: mixed(
        part("see the log"), part(text, "base64", "application/octet-stream")
    ),
    "a message attached to a message": lambda text: mixed(
        part("see"), b"Content-Type: message/rfc822\n\n" + mail(text, "quoted-printable")
    ),
    "a digest": lambda text: mixed(b"\n" + mail(text, "base64"), kind="digest"),
    "a part that was cut out": lambda text: b"--b\n" + part(text, "base64") + b"--b--\n",
    "a mail behind a prompt": lambda text: b"$ cat a.eml\n\n" + mail(text, "base64"),
    "a mail below blank lines": lambda text: b"\n\n" + mail(text, "base64"),
    "a mail without its first fields": lambda text: b"Content-Transfer-Encoding: base64\n\n"
    + encoded(text, "base64"),
    "an mbox of one": lambda text: FROM.encode() + mail(text),
    "the second of an mbox": lambda text: b"".join(
        FROM.encode() + one + b"\n" for one in (mail("nothing\n"), mail(text, "base64"))
    ),
    "the third of an mbox": lambda text: b"".join(
        FROM.encode() + one + b"\n"
        for one in (mail("a=b\n", "base64"), mail("x"), mail(text, "quoted-printable"))
    ),
    "an mbox in UTF-16": lambda text: (FROM.encode() + mail(text)).decode().encode("utf-16"),
}  # fmt: skip
