"""Let facts be reasons for which a kernel keeps AVIC off.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-26
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BEFORE = (
    "source", "document", "condition", "group", "register", "family", "observation", "erratum",
    "policy", "difference", "annotation", "measurement", "key",
)  # fmt: skip
ADDED = "inhibit"


def upgrade() -> None:
    _limit(_with())


def downgrade() -> None:
    # They are in the seed, which brings them back.
    facts = sa.table("facts", sa.column("kind"))
    op.execute(facts.delete().where(facts.c.kind == ADDED))
    # What data versions did tells of them too: it is derived anew where it is missing.
    for table in ("step_pages", "steps"):
        op.execute(sa.table(table).delete())
    _limit(BEFORE)


def _limit(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    name = op.f("ck_facts_kind_known")
    if op.get_bind().dialect.name == "sqlite":
        # Other tables refer to this one, so it cannot be made anew inside of a transaction.
        held = ", ".join(f"'{word}'" for word in (BEFORE if ADDED in words else _with()))
        op.execute("PRAGMA writable_schema = ON")
        schema = sa.table("sqlite_master", sa.column("sql"), sa.column("type"), sa.column("name"))
        of_facts = (schema.c.type == "table") & (schema.c.name == "facts")
        said = sa.func.replace(schema.c.sql, held, listed)
        op.execute(schema.update().where(of_facts).values(sql=said))
        op.execute("PRAGMA writable_schema = RESET")
        return
    op.drop_constraint(name, "facts", type_="check")
    op.create_check_constraint(name, "facts", f"kind IN ({listed})")


def _with() -> tuple[str, ...]:
    return (*BEFORE[:9], ADDED, *BEFORE[9:])
