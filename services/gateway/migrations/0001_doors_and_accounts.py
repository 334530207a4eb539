"""Submissions, idempotency keys, staff, sessions, tokens and imports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import create_messaging_tables

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    """Make every table of the gateway."""
    create_messaging_tables(op)
    _intake()
    _accounts()
    _imports()


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, MOMENT, nullable=False, server_default=sa.func.now())


def _rights() -> list[sa.Column[object]]:
    return [
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("areas", TEXTS, nullable=False, server_default="{}"),
        sa.Column("organisation", sa.Text(), nullable=False, server_default=""),
        _now("added_at"),
    ]


def _intake() -> None:
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _now("received_at"),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, server_default="received"),
        sa.Column("event", sa.Text()),
        sa.Column("import_id", sa.Uuid()),
        sa.CheckConstraint("status IN ('received', 'processed')", name="submission_status"),
        sa.CheckConstraint("status = 'received' OR event IS NULL", name="submission_processed_is_blank"),
    )
    op.create_index("submission_waiting", "submission", ["import_id"], postgresql_where=sa.text("status = 'received'"))
    op.create_table(
        "idempotency_key",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        _now("at"),
    )
    op.create_index("idempotency_key_at", "idempotency_key", ["at"])


def _accounts() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        *_rights(),
        sa.Column("disabled_at", MOMENT),
    )
    op.create_index("staff_email", "staff", [sa.text("lower(email)")], unique=True)
    op.create_table("sign_in_link", *_secret_of_staff(), sa.Column("spent_at", MOMENT))
    op.create_table("staff_session", *_secret_of_staff(), sa.Column("csrf", sa.Text(), nullable=False), _now("started_at"))
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        *_rights(),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("last_used_at", MOMENT),
    )


def _secret_of_staff() -> list[sa.Column[object]]:
    return [
        sa.Column("hash", sa.LargeBinary(), primary_key=True),
        sa.Column("staff_id", sa.Uuid(), sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("expires_at", MOMENT, nullable=False),
    ]


def _imports() -> None:
    op.create_table(
        "import",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        _now("added_at"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, server_default="waiting"),
        sa.Column("failure", sa.Text()),
        *(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0") for name in ("cursor", "accepted", "rejected")),
        sa.Column("lease", sa.Uuid()),
        sa.Column("lease_until", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.CheckConstraint("status IN ('waiting', 'working', 'done', 'failed')", name="import_status"),
    )
    op.create_table(
        "import_chunk",
        sa.Column("import_id", sa.Uuid(), sa.ForeignKey("import.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "import_row_error",
        sa.Column("import_id", sa.Uuid(), sa.ForeignKey("import.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("line", sa.BigInteger(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
