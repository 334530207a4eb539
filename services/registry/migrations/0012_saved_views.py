"""Keep the views of the list of people that staff have saved: a name and the filters, never who was found."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table of saved views."""
    op.execute(
        """
        CREATE TABLE saved_view (
            id uuid PRIMARY KEY,
            owner text NOT NULL,
            office text NOT NULL,
            shared boolean NOT NULL,
            name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
            query text NOT NULL CHECK (length(query) <= 1000),
            at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX saved_view_name ON saved_view (owner, lower(name))")
    op.execute("CREATE INDEX saved_view_office ON saved_view (office) WHERE shared")
