"""Make the announcements."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "announcement",
        sa.Column("id", sa.Uuid, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("subject_en", "text_en", "subject_st", "text_st")),
        sa.Column("status", sa.Text, nullable=False, server_default="preparing"),
        sa.Column("cursor", sa.Uuid, nullable=False, server_default="00000000-0000-0000-0000-000000000000"),
        sa.Column("looked_at", sa.Integer, nullable=False, server_default="0"),
        sa.Column("prepared", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", moment, nullable=False, server_default=sa.func.now()),
        sa.Column("ended_at", moment),
        sa.CheckConstraint("status IN ('preparing', 'prepared', 'stopped')", name="announcement_status"),
    )
    op.create_index("announcement_preparing", "announcement", ["created_at"], postgresql_where=sa.text("status = 'preparing'"))
