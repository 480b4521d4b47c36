"""The report on a mail as JSON: models that are read off the report itself."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from app.mail.quotes import Standing


class _Out(BaseModel):
    """A part of the report; a name that differs there is its alias."""

    model_config = ConfigDict(from_attributes=True)


class LineOut(_Out):
    """A line of a copied block."""

    line: int = Field(validation_alias="number")
    text: str
    standing: Standing
    then: list[str] = Field(description="what the page said, where the line was never said")
    today: list[str] = Field(description="what the page says today, where that differs")
    note: str


class ChangeOut(_Out):
    """A run of lines in which a page differs from what it was; ``where`` are those above it."""

    where: list[str]
    was: list[str]
    is_: list[str] = Field(validation_alias="now", serialization_alias="is")


class LinkOut(_Out):
    """A link, with the block above it; ``data_version`` is the one that it is pinned to."""

    first_line: int = Field(validation_alias="number")
    last_line: int = Field(validation_alias="last")
    url: str = Field(validation_alias="address")
    standing: Standing
    page: str = Field(validation_alias="title")
    note: str
    data_version: str = Field(validation_alias="version")
    pinned: str = Field(description="the address of the page as it is today, for ever")
    since: str = Field(description="the address of the difference, if there is one")
    changes: list[ChangeOut] = Field(validation_alias="hunks")
    block: list[LineOut] = Field(validation_alias="lines")
    new_today: list[str] = Field(
        validation_alias="fresh", description="what the block says today and did not say then"
    )


class MailOut(_Out):
    """What became of a mail's links and blocks."""

    data_version: str = Field(validation_alias="version")
    sites: list[str]
    result: str = Field(validation_alias="sentence")
    wrong: bool = Field(description="whether anything changed, was never said or does not exist")
    notes: list[str]
    elsewhere: list[str] = Field(
        validation_alias="strangers", description="hosts of links that look like ours"
    )
    links: list[LinkOut]
