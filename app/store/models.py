"""The tables. Validity is a half-open range of data versions: from, and up to but not to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.core.knowledge import KINDS
from app.core.words import Access, Behaviour, Evidence, Mode, Scope, State, TokenScope, Verdict

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def vocabulary_checks(**columns: Iterable[str]) -> tuple[CheckConstraint, ...]:
    """Return the constraints that limit columns to closed vocabularies."""
    listed = {name: ", ".join(f"'{w}'" for w in words) for name, words in columns.items()}
    return tuple(CheckConstraint(f"{n} IN ({w})", name=f"{n}_known") for n, w in listed.items())


def while_it_counts(name: str, *columns: str, unique: bool = False) -> Index:
    """Return an index of the rows that have not ended; migrations say it for PostgreSQL too."""
    # Here that would import all of its dialect at every start.
    return Index(name, *columns, unique=unique, sqlite_where=text("valid_to IS NULL"))


class Base(DeclarativeBase):
    """Base of all tables, with a naming convention so that every constraint has a name."""

    metadata = MetaData(naming_convention=CONVENTION)


class DataVersionRow(Base):
    """One state of what is public; ``name`` is ``2026-11-22.3``."""

    __tablename__ = "data_versions"
    __table_args__ = (
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("length(day) = 10", name="day_is_a_date"),
        Index("ix_data_versions_day", "day", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    day: Mapped[str] = mapped_column(String(10))
    number: Mapped[int]
    created_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)


class FactRow(Base):
    """One fact, as plain JSON, for the data versions in which it was public."""

    __tablename__ = "facts"
    __table_args__ = (
        *vocabulary_checks(kind=KINDS),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="range_not_empty"),
        CheckConstraint("length(digest) = 64", name="digest_is_sha256"),
        Index("ix_facts_valid", "valid_from", "valid_to"),
        Index("ix_facts_ended", "valid_to"),
        Index("ix_facts_named", "kind", "key", "valid_from"),
        Index("ix_facts_origin", "origin", "valid_from"),
        Index("ix_facts_origin_ended", "origin", "valid_to"),
        while_it_counts("uq_facts_current", "kind", "key", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(64), server_default="seed")
    valid_from: Mapped[int] = mapped_column(ForeignKey("data_versions.id"))
    valid_to: Mapped[int | None] = mapped_column(ForeignKey("data_versions.id"))


class SortRow(Base):
    """What observations of measurements have in common that no verdict can tell apart."""

    __tablename__ = "sorts"
    __table_args__ = (
        *vocabulary_checks(mode=Mode, access=Access, outcome=Behaviour),
        Index(
            "uq_sorts_sort",
            *("family", "register", "mode", "access", "outcome", "condition", "member"),
            *("intercepted", "unwatched"),
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    register: Mapped[str] = mapped_column(String(40))
    mode: Mapped[str] = mapped_column(String(10))
    access: Mapped[str] = mapped_column(String(10))
    family: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(20))
    condition: Mapped[str] = mapped_column(Text)
    member: Mapped[str] = mapped_column(String(10))
    intercepted: Mapped[bool]
    unwatched: Mapped[bool]


class SightingRow(Base):
    """One observation of a measurement while it counts: whose, of which sort; derived.

    ``machine`` and ``microcode`` are the first 63 bits of a SHA-256, to tell them apart.
    """

    __tablename__ = "sightings"
    __table_args__ = (
        while_it_counts("ix_sightings_machine", "sort_id", "machine"),
        while_it_counts("ix_sightings_microcode", "sort_id", "microcode"),
        while_it_counts("ix_sightings_newest", "sort_id", "date", "slug", "id"),
        Index("ix_sightings_slug", "slug", "valid_from"),
    )

    id: Mapped[int] = mapped_column(ForeignKey("facts.id"), primary_key=True)
    sort_id: Mapped[int] = mapped_column(ForeignKey("sorts.id"))
    slug: Mapped[str] = mapped_column(String(12))
    date: Mapped[str] = mapped_column(String(10))
    machine: Mapped[int] = mapped_column(BigInteger)
    microcode: Mapped[int | None] = mapped_column(BigInteger)
    repetitions: Mapped[int] = mapped_column(BigInteger)
    valid_from: Mapped[int] = mapped_column(ForeignKey("data_versions.id"))
    valid_to: Mapped[int | None] = mapped_column(ForeignKey("data_versions.id"))


class SummaryRow(Base):
    """The measurements of one cell and family from a data version on, up to the next; derived.

    The newest of each cell and family ends nowhere, even where nothing is left to count.
    """

    __tablename__ = "summaries"
    __table_args__ = (
        *vocabulary_checks(mode=Mode, access=Access),
        while_it_counts(
            "uq_summaries_current", "register", "mode", "access", "family", unique=True
        ),
    )

    register: Mapped[str] = mapped_column(String(40), primary_key=True)
    mode: Mapped[str] = mapped_column(String(10), primary_key=True)
    access: Mapped[str] = mapped_column(String(10), primary_key=True)
    family: Mapped[str] = mapped_column(String(40), primary_key=True)
    valid_from: Mapped[int] = mapped_column(ForeignKey("data_versions.id"), primary_key=True)
    valid_to: Mapped[int | None] = mapped_column(ForeignKey("data_versions.id"))
    body: Mapped[str] = mapped_column(Text)


class RecordRow(Base):
    """The line of a measurement in lists, for the data versions in which it read so; derived."""

    __tablename__ = "records"
    __table_args__ = (
        *vocabulary_checks(state=State),
        Index("ix_records_received", "received_at", "slug"),
        Index("ix_records_slug", "slug", "valid_from"),
        Index("ix_records_decided", "state", "decided_at", "slug"),
        Index("ix_records_grouped", "state", "family", "tool", "kernel", "valid_from", "valid_to"),
    )

    id: Mapped[int] = mapped_column(ForeignKey("facts.id"), primary_key=True)
    slug: Mapped[str] = mapped_column(String(12))
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    family: Mapped[str] = mapped_column(String(40))
    kernel: Mapped[str] = mapped_column(Text)
    tool: Mapped[str] = mapped_column(Text)
    modes: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[str] = mapped_column(String(40))
    decided_at: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[int] = mapped_column(ForeignKey("data_versions.id"))
    valid_to: Mapped[int | None] = mapped_column(ForeignKey("data_versions.id"))


class StepRow(Base):
    """What a data version did, in words; derived."""

    __tablename__ = "steps"

    version_id: Mapped[int] = mapped_column(ForeignKey("data_versions.id"), primary_key=True)
    previous: Mapped[int | None] = mapped_column(ForeignKey("data_versions.id"))
    body: Mapped[str] = mapped_column(Text)


class StepPageRow(Base):
    """The facts by which a data version touched a page; derived."""

    __tablename__ = "step_pages"

    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("data_versions.id"), primary_key=True, index=True
    )
    names: Mapped[str] = mapped_column(Text)


class SubmissionRow(Base):
    """The bytes of a measurement exactly as they came; never edited."""

    __tablename__ = "submissions"
    __table_args__ = (
        CheckConstraint("length(digest) = 64", name="digest_is_sha256"),
        CheckConstraint("length(slug) = 12", name="slug_is_twelve_digits"),
    )

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    slug: Mapped[str] = mapped_column(String(12), unique=True)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    secret_hash: Mapped[str] = mapped_column(String(64))
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("tokens.id"))


class DecisionRow(Base):
    """One decision on a measurement; only ever added."""

    __tablename__ = "decisions"
    __table_args__ = vocabulary_checks(state=State)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(ForeignKey("submissions.slug"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(String(100))
    version_id: Mapped[int] = mapped_column(ForeignKey("data_versions.id"))


class TokenRow(Base):
    """A token of a submitter or a reviewer; only its hash is kept."""

    __tablename__ = "tokens"
    __table_args__ = (
        *vocabulary_checks(scope=TokenScope),
        CheckConstraint("length(hash) = 64", name="hash_is_sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    scope: Mapped[str] = mapped_column(String(20))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class LoginRow(Base):
    """A reviewer who is logged in; of the cookie its digest alone is kept."""

    __tablename__ = "logins"
    __table_args__ = (CheckConstraint("length(digest) = 64", name="digest_is_sha256"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("tokens.id"))
    ends_at: Mapped[datetime]


class VerdictRow(Base):
    """The judgements of the current data version, for SQL; derived, rebuilt at will."""

    __tablename__ = "verdicts"
    __table_args__ = (
        *vocabulary_checks(mode=Mode, access=Access, verdict=Verdict),
        *vocabulary_checks(evidence=("", *Evidence), scope=("", *Scope)),
        CheckConstraint("reports >= 0 AND masked >= 0", name="counts_not_negative"),
    )

    register: Mapped[str] = mapped_column(String(40), primary_key=True)
    mode: Mapped[str] = mapped_column(String(10), primary_key=True)
    access: Mapped[str] = mapped_column(String(10), primary_key=True)
    family: Mapped[str] = mapped_column(String(40), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(20))
    behaviours: Mapped[str] = mapped_column(String(200))
    reports: Mapped[int]
    masked: Mapped[int]
    evidence: Mapped[str] = mapped_column(String(20))
    scope: Mapped[str] = mapped_column(String(10))
