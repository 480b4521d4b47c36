"""Order text by its bytes, whatever the language of the database.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-26
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite does so anyway.
    if op.get_bind().dialect.name != "postgresql":
        return
    tables = sa.inspect(op.get_bind())
    for table in sorted(tables.get_table_names()):
        for column in tables.get_columns(table):
            if isinstance(column["type"], sa.String):
                kind = column["type"].compile(dialect=op.get_bind().dialect)
                kind = kind.partition(" COLLATE")[0]
                name = op.get_bind().dialect.identifier_preparer.quote(column["name"])
                op.execute(f'ALTER TABLE {table} ALTER COLUMN {name} TYPE {kind} COLLATE "C"')


def downgrade() -> None:
    # Nothing that came before minds it.
    pass
