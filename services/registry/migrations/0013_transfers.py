"""Record each handing over of the register from one office to another. See `services.registry.handing_over` and decision 19."""

from alembic import op

revision = "0013"
down_revision = "0012"

TABLE = (
    """
    CREATE TABLE transfer (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL,
        giver text NOT NULL,
        taker text NOT NULL,
        signed_by text NOT NULL,
        reason text NOT NULL,
        document bytea NOT NULL CHECK (octet_length(document) = 32),
        counts jsonb NOT NULL,
        root_day date,
        root bytea,
        schema_version text NOT NULL,
        CHECK (giver <> taker),
        CHECK ((root IS NULL) = (root_day IS NULL))
    )
    """,
    """
    CREATE TRIGGER transfer_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
    EXECUTE FUNCTION refuse_change()
    """,
)


def upgrade() -> None:
    """Make the table, to which rows are only added."""
    for statement in TABLE:
        op.execute(statement)
