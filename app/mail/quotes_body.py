"""The report on a mail as JSON."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.mail.quotes import Standing
from app.mail.quotes_text import CheckedLine, CheckedLink, CheckedMail


class LineOut(BaseModel):
    """A line of a copied block."""

    line: int
    text: str
    standing: Standing
    then: list[str] = Field(description="what the page said, where the line was never said")
    today: list[str] = Field(description="what the page says today, where that differs")
    note: str


class ChangeOut(BaseModel):
    """A run of lines in which a page differs from what it was; ``where`` are those above it."""

    where: list[str]
    was: list[str]
    is_: list[str] = Field(serialization_alias="is")


class LinkOut(BaseModel):
    """A link, with the block above it; ``data_version`` is the one that it is pinned to."""

    first_line: int
    last_line: int
    url: str
    standing: Standing
    page: str
    note: str
    data_version: str
    pinned: str = Field(description="the address of the page as it is today, for ever")
    since: str = Field(description="the address of the difference, if there is one")
    changes: list[ChangeOut]
    block: list[LineOut]
    new_today: list[str] = Field(description="what the block says today and did not say then")


class MailOut(BaseModel):
    """What became of a mail's links and blocks."""

    data_version: str
    sites: list[str]
    result: str
    wrong: bool = Field(description="whether anything changed, was never said or does not exist")
    notes: list[str]
    elsewhere: list[str] = Field(description="hosts of links that look like ours")
    links: list[LinkOut]


def mail_out(checked: CheckedMail) -> MailOut:
    """Return the report as JSON data."""
    return MailOut(
        data_version=checked.version,
        sites=list(checked.sites),
        result=checked.sentence,
        wrong=checked.wrong,
        notes=list(checked.notes),
        elsewhere=list(checked.strangers),
        links=[_link(link) for link in checked.links],
    )


def _link(link: CheckedLink) -> LinkOut:
    return LinkOut(
        first_line=link.number,
        last_line=link.last,
        url=link.address,
        standing=link.standing,
        page=link.title,
        note=link.note,
        data_version=link.version,
        pinned=link.pinned,
        since=link.since,
        changes=[
            ChangeOut(where=list(h.where), was=list(h.was), is_=list(h.now)) for h in link.hunks
        ],
        block=[_line(line) for line in link.lines],
        new_today=list(link.fresh),
    )


def _line(line: CheckedLine) -> LineOut:
    return LineOut(
        line=line.number,
        text=line.text,
        standing=line.standing,
        then=list(line.then),
        today=list(line.today),
        note=line.note,
    )
