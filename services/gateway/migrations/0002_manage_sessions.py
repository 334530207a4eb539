"""Bind each manage link to the one browser that opened it, and note which erased members' dead letters are still to be searched."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import create_erasing_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    create_erasing_table(op)
    op.create_table(
        "manage_session",
        sa.Column("link", sa.LargeBinary(), primary_key=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("manage_session_expires", "manage_session", ["expires_at"])
