"""Note which erased members' dead letters are still to be searched."""

from alembic import op

from shared.migrations import create_erasing_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    create_erasing_table(op)
