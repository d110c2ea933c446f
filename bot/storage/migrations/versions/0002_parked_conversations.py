"""Conversations that cannot be handled back off and are parked; the epoch of the latest claim."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_OPEN = sa.text("status IN ('pending', 'sending')")
_RUNNING, _PARKED = sa.text("parked IS NULL"), sa.text("parked IS NOT NULL")


def upgrade() -> None:
    op.drop_index("conversation_next_at", "conversation")
    for name in ("claimed_epoch", "tries"):
        op.add_column("conversation", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name in ("retry_at", "parked_at"):
        op.add_column("conversation", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name in ("parked", "problem"):
        op.add_column("conversation", sa.Column(name, sa.Text(), nullable=True))
    op.execute("UPDATE conversation SET claimed_epoch = epoch WHERE owner = 'agent'")
    for name, columns, rows in (
        ("conversation_due", ["next_at", "id"], _RUNNING),
        ("conversation_parked", ["parked", "id"], _PARKED),
    ):
        op.create_index(name, "conversation", columns, sqlite_where=rows, postgresql_where=rows)
    op.drop_index("outbox_due", "outbox")
    op.create_index("outbox_due", "outbox", ["next_at", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
