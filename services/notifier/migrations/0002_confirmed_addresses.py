"""Make walking through the confirmed e-mail addresses cheap, however many others there are."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the index while everybody goes on; one that a try before this left behind unfinished goes first."""
    confirmed = sa.text("kind = 'email' AND confirmed_at IS NOT NULL AND value IS NOT NULL")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS contact_confirmed")
        op.create_index("contact_confirmed", "contact", ["id"], postgresql_where=confirmed, postgresql_concurrently=True)
