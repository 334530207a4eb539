"""Keep who was erased only as keyed marks, and for each erasure who has answered and under which number its receipt is shown."""

from alembic import op

from shared.migrations import create_erasing_table

revision = "0004"
down_revision = "0003"

TABLES = (
    # The mark of a contact and a name together, so that a sheet cannot bring back a person who left.
    "CREATE TABLE erased_mark (mark bytea PRIMARY KEY, at timestamptz NOT NULL)",
    """
    CREATE TABLE erasure (
        member_id uuid PRIMARY KEY,
        at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX erasure_at ON erasure (at)",
    """
    CREATE TABLE erasure_answer (
        member_id uuid NOT NULL REFERENCES erasure (member_id) ON DELETE CASCADE,
        service text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (member_id, service)
    )
    """,
    # A person who presses twice has two numbers, and both are good.
    """
    CREATE TABLE erasure_receipt (
        number text PRIMARY KEY,
        member_id uuid NOT NULL REFERENCES erasure (member_id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX erasure_receipt_member ON erasure_receipt (member_id)",
)


def upgrade() -> None:
    """Make the tables."""
    create_erasing_table(op)
    for statement in TABLES:
        op.execute(statement)
