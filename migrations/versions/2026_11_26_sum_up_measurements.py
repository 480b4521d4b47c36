"""Sum up measurements by cell and family, beside the facts.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-26
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OUTCOMES = (
    "allowed", "accelerated", "vmexit-trap", "vmexit-fault", "vmexit-ipi", "vmexit-msr",
    "vmexit-npf", "gp", "pf", "ignored", "completed", "absent", "undefined",
)  # fmt: skip
STATES = ("pending", "accepted", "rejected", "withdrawn")
CURRENT = sa.text("valid_to IS NULL")
FACTS = {
    "ix_facts_ended": ["valid_to"],
    "ix_facts_named": ["kind", "key", "valid_from"],
    "ix_facts_origin": ["origin", "valid_from"],
    "ix_facts_origin_ended": ["origin", "valid_to"],
}


def upgrade() -> None:
    for name, columns in FACTS.items():
        op.create_index(name, "facts", columns)
    op.create_index("ix_data_versions_day", "data_versions", ["day", "number"])
    op.create_table(
        "sorts",
        sa.Column("id", sa.Integer(), nullable=False),
        *_cell(),
        sa.Column("family", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("member", sa.String(10), nullable=False),
        sa.Column("intercepted", sa.Boolean(), nullable=False),
        sa.Column("unwatched", sa.Boolean(), nullable=False),
        *_checks("sorts"),
        sa.CheckConstraint(_one_of("outcome", OUTCOMES), name=op.f("ck_sorts_outcome_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sorts")),
    )
    op.create_index(
        "uq_sorts_sort", "sorts",
        ["family", "register", "mode", "access", "outcome", "condition", "member", "intercepted",
         "unwatched"],
        unique=True,
    )  # fmt: skip
    op.create_table(
        "sightings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sort_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(12), nullable=False),
        sa.Column("date", sa.String(10), nullable=False),
        sa.Column("machine", sa.BigInteger(), nullable=False),
        sa.Column("microcode", sa.BigInteger()),
        sa.Column("repetitions", sa.Integer(), nullable=False),
        *_range("sightings"),
        sa.ForeignKeyConstraint(["id"], ["facts.id"], name=op.f("fk_sightings_id_facts")),
        sa.ForeignKeyConstraint(["sort_id"], ["sorts.id"], name=op.f("fk_sightings_sort_id_sorts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
    )
    for name, columns in {
        "ix_sightings_machine": ["sort_id", "machine"],
        "ix_sightings_microcode": ["sort_id", "microcode"],
        "ix_sightings_newest": ["sort_id", "date", "slug", "id"],
    }.items():
        op.create_index(
            name, "sightings", columns, sqlite_where=CURRENT, postgresql_where=CURRENT
        )
    op.create_index("ix_sightings_slug", "sightings", ["slug", "valid_from"])
    op.create_table(
        "summaries",
        *_cell(),
        sa.Column("family", sa.String(40), nullable=False),
        *_range("summaries"),
        sa.Column("body", sa.Text(), nullable=False),
        *_checks("summaries"),
        sa.PrimaryKeyConstraint(
            "register", "mode", "access", "family", "valid_from", name=op.f("pk_summaries")
        ),
    )
    op.create_index(
        "uq_summaries_current", "summaries", ["register", "mode", "access", "family"],
        unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT,
    )  # fmt: skip
    op.create_table(
        "records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(12), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("family", sa.String(40), nullable=False),
        sa.Column("kernel", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("modes", sa.String(20), nullable=False),
        sa.Column("received_at", sa.String(40), nullable=False),
        sa.Column("decided_at", sa.String(40), nullable=False),
        *_range("records"),
        sa.CheckConstraint(_one_of("state", STATES), name=op.f("ck_records_state_known")),
        sa.ForeignKeyConstraint(["id"], ["facts.id"], name=op.f("fk_records_id_facts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records")),
    )
    for name, columns in {
        "ix_records_received": ["received_at", "slug"],
        "ix_records_slug": ["slug", "valid_from"],
        "ix_records_decided": ["state", "decided_at", "slug"],
    }.items():
        op.create_index(name, "records", columns)
    op.create_table(
        "steps",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Integer()),
        sa.Column("body", sa.Text(), nullable=False),
        *_versions("steps", "version_id", "previous"),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_steps")),
    )
    op.create_table(
        "step_pages",
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        *_versions("step_pages", "version_id"),
        sa.PrimaryKeyConstraint("path", "version_id", name=op.f("pk_step_pages")),
    )
    op.create_index("ix_step_pages_version_id", "step_pages", ["version_id"])


def downgrade() -> None:
    for table in ("step_pages", "steps", "records", "summaries", "sightings", "sorts"):
        op.drop_table(table)
    for name in FACTS:
        op.drop_index(name, "facts")
    op.drop_index("ix_data_versions_day", "data_versions")


def _cell() -> list[sa.Column]:
    sizes = {"register": 40, "mode": 10, "access": 10}
    return [
        sa.Column(name, sa.String(size), nullable=False)
        for name, size in sizes.items()
    ]


def _range(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("valid_from", sa.Integer(), nullable=False),
        sa.Column("valid_to", sa.Integer()),
        *_versions(table, "valid_from", "valid_to"),
    ]


def _versions(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            [name], ["data_versions.id"], name=op.f(f"fk_{table}_{name}_data_versions")
        )
        for name in columns
    ]


def _checks(table: str) -> list[sa.CheckConstraint]:
    words = {"mode": ("avic", "x2avic"), "access": ("read", "write")}
    return [
        sa.CheckConstraint(_one_of(name, known), name=op.f(f"ck_{table}_{name}_known"))
        for name, known in words.items()
    ]


def _one_of(column: str, words: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"{column} IN ({listed})"
