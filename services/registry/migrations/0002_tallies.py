"""Keep the figures of coverage as running counts, so that they cost the number of areas and days and not of members.

A member counts as registered on the day (UTC) of `registered_at`, and as confirmed on that of `confirmed_at`. Triggers note each change
as a mark, in its own transaction and whatever its way: a mark is a new row, so nobody waits for anybody. `services.registry.tallying` adds
the marks up into the tally.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    """
    CREATE TABLE tally (
        area text,
        day date,
        registered bigint NOT NULL,
        confirmed bigint NOT NULL,
        PRIMARY KEY (area, day)
    )
    """,
    """
    CREATE TABLE tally_mark (
        area text NOT NULL,
        day date NOT NULL,
        registered bigint NOT NULL,
        confirmed bigint NOT NULL
    )
    """,
    # Both turn over all their rows, so that autovacuum goes by a number of dead rows instead of a share.
    "ALTER TABLE tally SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, fillfactor = 50)",
    "ALTER TABLE tally_mark SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
)

# Whom a set of members counts for; {sign} is a minus for those who leave.
COUNTED = """
    SELECT area, day, {sign}sum(registered), {sign}sum(confirmed) FROM (
        SELECT area, (registered_at AT TIME ZONE 'UTC')::date AS day, 1 AS registered, 0 AS confirmed FROM {members}
        UNION ALL
        SELECT area, (confirmed_at AT TIME ZONE 'UTC')::date, 0, 1 FROM {members} WHERE confirmed_at IS NOT NULL
    ) AS counted GROUP BY area, day
"""
ADDED, REMOVED = COUNTED.format(sign="", members="added"), COUNTED.format(sign="-", members="removed")

# An update that changes no figure must cost no more than a comparison, so that it has a trigger for each row, with a condition:
# most of what changes a member touches neither place nor day.
TRIGGERS = (
    f"""
    CREATE FUNCTION mark_added() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO tally_mark {ADDED};
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE FUNCTION mark_removed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO tally_mark {REMOVED};
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION mark_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO tally_mark
        SELECT area, day, sum(registered), sum(confirmed) FROM (VALUES
            (OLD.area, (OLD.registered_at AT TIME ZONE 'UTC')::date, -1, 0),
            (NEW.area, (NEW.registered_at AT TIME ZONE 'UTC')::date, 1, 0),
            (OLD.area, (OLD.confirmed_at AT TIME ZONE 'UTC')::date, 0, -1),
            (NEW.area, (NEW.confirmed_at AT TIME ZONE 'UTC')::date, 0, 1)
        ) AS counted (area, day, registered, confirmed)
        WHERE day IS NOT NULL GROUP BY area, day HAVING sum(registered) <> 0 OR sum(confirmed) <> 0;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION forget_tallies() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM tally_mark;
        DELETE FROM tally;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER member_added_is_counted AFTER INSERT ON member REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION mark_added()
    """,
    """
    CREATE TRIGGER member_removed_is_counted AFTER DELETE ON member REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_removed()
    """,
    """
    CREATE TRIGGER member_changed_is_counted AFTER UPDATE ON member FOR EACH ROW
    WHEN ((OLD.area, OLD.registered_at, OLD.confirmed_at) IS DISTINCT FROM (NEW.area, NEW.registered_at, NEW.confirmed_at))
    EXECUTE FUNCTION mark_changed()
    """,
    "CREATE TRIGGER members_gone_are_not_counted AFTER TRUNCATE ON member FOR EACH STATEMENT EXECUTE FUNCTION forget_tallies()",
)


def upgrade() -> None:
    """Make the tables and the triggers, and count who is there.

    The triggers' lock keeps others from writing members until the count is committed, a second for a million of them: nobody is missed
    and nobody is counted twice. Reading goes on.
    """
    for statement in (*TABLES, *TRIGGERS):
        op.execute(statement)
    op.execute(f"INSERT INTO tally {COUNTED.format(sign='', members='member')}")
    op.execute("ANALYZE tally")
