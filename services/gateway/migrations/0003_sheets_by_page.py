"""Sheets are kept as pages of records, with what their columns mean and how their people agreed; bad rows are kept to be mended."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    """Add what an import needs to be shown before it starts; columns with constant defaults rewrite no table."""
    op.add_column("import", sa.Column("dry_run", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("format", "encoding", "delimiter", "consent_basis", "consent_note"):
        op.add_column("import", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for name in ("columns", "fields", "areas"):
        op.add_column("import", sa.Column(name, TEXTS, nullable=False, server_default="{}"))
    op.add_column("import", sa.Column("stated", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.add_column("import", sa.Column("total_rows", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("import", sa.Column("fingerprint", sa.LargeBinary()))
    # A copy that still runs the older code looks for `waiting` and `working` only, and so leaves these sheets alone.
    op.drop_constraint("import_status", "import")
    op.create_check_constraint(
        "import_status", "import", "status IN ('draft', 'queued', 'running', 'done', 'failed', 'waiting', 'working')"
    )
    op.add_column("import_row_error", sa.Column("reason_st", sa.Text()))
    op.create_table(
        "import_page",
        sa.Column("import_id", sa.Uuid(), sa.ForeignKey("import.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("last", sa.BigInteger(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "import_bad_row",
        sa.Column("import_id", sa.Uuid(), sa.ForeignKey("import.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("line", sa.BigInteger(), primary_key=True),
        sa.Column("cells", TEXTS, nullable=False),
    )
    op.create_index("import_fingerprint", "import", ["fingerprint"])
