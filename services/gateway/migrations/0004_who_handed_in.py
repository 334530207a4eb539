"""Keep who handed a sheet in, by name and office, and the hash of its scan: they stand beside each consent that came by it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add columns with constant defaults, which rewrite no table."""
    for name in ("staff", "office", "consent_scan"):
        op.add_column("import", sa.Column(name, sa.Text(), nullable=False, server_default=""))
