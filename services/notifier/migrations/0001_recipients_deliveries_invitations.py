"""Make the recipients, the deliveries, the suppressions, the invitations and the audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import create_audit_table, create_messaging_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the notifier's tables."""
    create_messaging_tables(op)
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "recipient",
        sa.Column("member_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("information", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("registered", sa.Boolean, nullable=False),
        sa.CheckConstraint("status IN ('registered', 'confirmed', 'erased')", name="recipient_status"),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("value", sa.Text),
        sa.Column("address_key", sa.LargeBinary),
        sa.Column("confirmed_at", moment),
        sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("disowned", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("dropped_at", moment),
    )
    op.create_index("contact_member", "contact", ["member_id"])
    op.create_index("contact_address", "contact", ["address_key"])
    op.create_index("contact_dropped", "contact", ["dropped_at"], postgresql_where=sa.text("dropped_at IS NOT NULL"))
    op.create_table(
        "withdrawal",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("channel", sa.Text),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("withdrawal_member", "withdrawal", ["member_id"])
    op.create_table(
        "suppression",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address_key", sa.LargeBinary, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", moment, nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("address_key", "scope", name="suppression_once"),
        sa.CheckConstraint("scope IN ('all', 'information')", name="suppression_scope"),
    )
    op.create_table(
        "turn",
        sa.Column("address_key", sa.LargeBinary, primary_key=True),
        sa.Column("next_at", moment, nullable=False),
    )
    op.create_index("turn_next", "turn", ["next_at"])
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("member_id", sa.Uuid),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("cause", sa.Uuid, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("recipient", sa.LargeBinary, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("transactional", sa.Boolean, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("give_up_at", moment, nullable=False),
        sa.Column("lease_token", sa.Uuid),
        sa.Column("created_at", moment, nullable=False, server_default=sa.func.now()),
        sa.Column("sent_at", moment),
        sa.UniqueConstraint("cause", "template", "recipient", name="delivery_once"),
        sa.CheckConstraint("status IN ('due', 'sending', 'sent', 'delivered', 'read', 'failed', 'suppressed')", name="delivery_status"),
    )
    op.create_index("delivery_due", "delivery", ["transactional", "due_at"], postgresql_where=sa.text("status IN ('due', 'sending')"))
    op.create_index("delivery_member", "delivery", ["member_id", "id"])
    op.create_index("delivery_trouble", "delivery", ["status", "id"], postgresql_where=sa.text("status IN ('failed', 'suppressed')"))
    # Every row is claimed and ended soon after it was written: room on its page, and autovacuum by a number of dead rows.
    op.execute("ALTER TABLE delivery SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)")
    op.execute("ALTER TABLE turn SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)")
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("deadline", moment),
        sa.Column("talk_title", sa.Text, nullable=False, server_default=""),
        sa.Column("confirmed_at", moment),
        sa.Column("declined_at", moment),
        sa.CheckConstraint("language IN ('en', 'st')", name="invitation_language"),
    )
    op.create_table(
        "team",
        sa.Column("only", sa.Boolean, sa.CheckConstraint('"only"', name="team_is_one_row"), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("emails", postgresql.ARRAY(sa.Text), nullable=False),
    )
    create_audit_table(op)
