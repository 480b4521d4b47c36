"""Keep the logins of reviewers, for every process that serves the site.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-26
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logins",
        sa.Column(
            "digest",
            sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_logins_digest_is_sha256")),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_logins_token_id_tokens")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_logins")),
    )


def downgrade() -> None:
    op.drop_table("logins")
