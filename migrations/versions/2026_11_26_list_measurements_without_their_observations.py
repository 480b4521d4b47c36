"""List measurements without reading their observations, and count any number of repetitions.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-26
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Derived, and derived again by `vapic migrate`.
    op.execute("DELETE FROM records")
    with op.batch_alter_table("records") as batch:
        batch.add_column(sa.Column("body", sa.Text(), nullable=False))
    grouped = ["state", "family", "tool", "kernel", "valid_from", "valid_to"]
    op.create_index("ix_records_grouped", "records", grouped)
    with op.batch_alter_table("sightings") as batch:
        batch.alter_column("repetitions", type_=sa.BigInteger(), existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("sightings") as batch:
        batch.alter_column("repetitions", type_=sa.Integer(), existing_nullable=False)
    op.drop_index("ix_records_grouped", "records")
    with op.batch_alter_table("records") as batch:
        batch.drop_column("body")
