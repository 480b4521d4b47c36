"""Let verdicts say side-effect and not-printed.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-26
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BEFORE = (
    "disputed", "contradicts", "settles", "explained", "agrees", "consistent", "masked",
    "unmeasured",
)  # fmt: skip
AFTER = (
    "disputed", "contradicts", "side-effect", "settles", "explained", "not-printed", "agrees",
    "consistent", "masked", "unmeasured",
)  # fmt: skip


def upgrade() -> None:
    _limit(AFTER)


def downgrade() -> None:
    # What only the newer words can say goes; it is derived, `vapic rebuild` brings it back.
    op.execute("DELETE FROM verdicts WHERE verdict IN ('side-effect', 'not-printed')")
    _limit(BEFORE)


def _limit(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("verdicts") as batch:
        batch.drop_constraint(op.f("ck_verdicts_verdict_known"), type_="check")
        batch.create_check_constraint(
            op.f("ck_verdicts_verdict_known"), f"verdict IN ({listed})"
        )
