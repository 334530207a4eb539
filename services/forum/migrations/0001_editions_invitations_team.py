"""Make the editions, the invitations, the team and the audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import create_audit_table, create_messaging_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the forum's tables."""
    create_messaging_tables(op)
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "edition",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("starts_on", sa.Date, nullable=False, unique=True),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("places", sa.Integer, nullable=False),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("edition_id", sa.Uuid, sa.ForeignKey("edition.id"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "email", "email_key", "language")),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("status", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in ("talk_title", "abstract", "biography")),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in ("travel", "diet", "access", "equipment")),
        sa.Column("invited_at", moment, nullable=False),
        sa.Column("deadline", moment, nullable=False),
        sa.Column("answered_at", moment),
        sa.Column("decided_at", moment, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("edition_id", "email_key", name="invitation_once_an_edition"),
        sa.CheckConstraint("status IN ('invited', 'confirmed', 'declined', 'waitlisted', 'withdrawn')", name="invitation_status"),
        sa.CheckConstraint("language IN ('en', 'st')", name="invitation_language"),
    )
    op.create_table(
        "team",
        sa.Column("only", sa.Boolean, sa.CheckConstraint('"only"', name="team_is_one_row"), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("emails", postgresql.ARRAY(sa.Text), nullable=False),
    )
    create_audit_table(op)
