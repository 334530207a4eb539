"""Keep which member somebody who was merged belongs to now."""

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"

VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('recipient_merged')")


def upgrade() -> None:
    """Add the column, empty for everybody who stands by themselves, and its index while others read and write."""
    op.execute("ALTER TABLE recipient ADD COLUMN IF NOT EXISTS merged_into uuid")
    with op.get_context().autocommit_block():
        if op.get_bind().scalar(VALID) is False:
            op.execute("DROP INDEX CONCURRENTLY recipient_merged")
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS recipient_merged ON recipient (merged_into) WHERE merged_into IS NOT NULL")
