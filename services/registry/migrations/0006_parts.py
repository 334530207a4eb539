"""Count members also by the way they came, by the channels they chose and by the partner whose code they gave; targets by date.

Each change of members leaves marks of these counts beside those of the tally (0002), in the same transaction and by the same triggers:
a mark is a row a batch, area, day and part, so nobody waits for anybody. `services.registry.numbers.tallying` adds them up. Old code goes
on meanwhile: what it reads and adds up is as it was.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = (
    """
    CREATE TABLE tally_part (
        kind text,
        value text,
        area text,
        day date,
        registered bigint NOT NULL,
        confirmed bigint NOT NULL,
        PRIMARY KEY (kind, value, area, day)
    )
    """,
    """
    CREATE TABLE tally_part_mark (
        kind text NOT NULL,
        value text NOT NULL,
        area text NOT NULL,
        day date NOT NULL,
        registered bigint NOT NULL,
        confirmed bigint NOT NULL
    )
    """,
    # Both turn over all their rows, so that autovacuum goes by a number of dead rows instead of a share.
    "ALTER TABLE tally_part SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, fillfactor = 50)",
    "ALTER TABLE tally_part_mark SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)",
    # One statement, so one snapshot: each mark is there either by itself or added up.
    "CREATE VIEW counted_part AS SELECT * FROM tally_part UNION ALL SELECT * FROM tally_part_mark",
    # What outsiders are told of the parts all day: confirmed before it began; small ones, and those that would give one away, are left out.
    """
    CREATE TABLE figure_part (
        day date,
        kind text,
        value text,
        area text,
        confirmed integer NOT NULL,
        PRIMARY KEY (kind, value, day, area)
    )
    """,
    # Each target that ever was; of one area and date the newest version holds. Without a date: the one at the end.
    """
    CREATE TABLE target (
        area text REFERENCES area (code),
        version integer,
        by date,
        target integer,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (area, version)
    )
    """,
    "INSERT INTO target (area, version, target) SELECT code, version, target FROM area",
)

# Whom a set of members counts for; {sign} is a minus for those who leave. `UNION ALL` of the two days, as the tally has them.
ONES = """
    SELECT area, (registered_at AT TIME ZONE 'UTC')::date AS day, 1 AS registered, 0 AS confirmed, way, partner_code, channels
    FROM {members}
    UNION ALL
    SELECT area, (confirmed_at AT TIME ZONE 'UTC')::date, 0, 1, way, partner_code, channels FROM {members} WHERE confirmed_at IS NOT NULL
"""
PARTS = """
    SELECT kind, value, area, day, {sign}sum(registered) AS registered, {sign}sum(confirmed) AS confirmed
    FROM ({ones}) AS counted CROSS JOIN LATERAL (
        VALUES ('way', way), ('partner', partner_code)
        UNION ALL SELECT DISTINCT 'channel', unnest(channels)
    ) AS part (kind, value)
    WHERE value IS NOT NULL GROUP BY kind, value, area, day
"""


def marking(members: str, sign: str) -> str:
    """Return what counts a trigger's members, once for the tally and once for the parts."""
    return f"""
        WITH counted AS MATERIALIZED ({ONES.format(members=members)}), whole AS (
            INSERT INTO tally_mark
            SELECT area, day, {sign}sum(registered), {sign}sum(confirmed) FROM counted GROUP BY area, day
        )
        INSERT INTO tally_part_mark {PARTS.format(sign=sign, ones="SELECT * FROM counted")};
    """  # noqa: S608  # Our own words.


MOVED = """
    SELECT OLD.area, (OLD.registered_at AT TIME ZONE 'UTC')::date AS day, -1 AS registered, 0 AS confirmed,
        OLD.way, OLD.partner_code, OLD.channels
    UNION ALL SELECT NEW.area, (NEW.registered_at AT TIME ZONE 'UTC')::date, 1, 0, NEW.way, NEW.partner_code, NEW.channels
    UNION ALL SELECT OLD.area, (OLD.confirmed_at AT TIME ZONE 'UTC')::date, 0, -1, OLD.way, OLD.partner_code, OLD.channels
    UNION ALL SELECT NEW.area, (NEW.confirmed_at AT TIME ZONE 'UTC')::date, 0, 1, NEW.way, NEW.partner_code, NEW.channels
"""
UNMOVED = ", ".join(f"{{row}}.{name}" for name in ("area", "registered_at", "way", "partner_code", "channels"))
WATCHED = ", ".join(f"{{row}}.{name}" for name in ("area", "registered_at", "confirmed_at", "way", "partner_code", "channels"))

TRIGGERS = (
    f"""
    CREATE OR REPLACE FUNCTION mark_added() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {marking("added", "")}
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION mark_removed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {marking("removed", "-")}
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION mark_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        confirming date := (NEW.confirmed_at AT TIME ZONE 'UTC')::date;
    BEGIN
        IF OLD.confirmed_at IS NULL AND ({UNMOVED.format(row="OLD")}) IS NOT DISTINCT FROM ({UNMOVED.format(row="NEW")}) THEN
            -- By far the commonest change, at a third of the cost.
            INSERT INTO tally_mark VALUES (NEW.area, confirming, 0, 1);
            INSERT INTO tally_part_mark VALUES ('way', NEW.way, NEW.area, confirming, 0, 1);
            IF NEW.partner_code IS NOT NULL THEN
                INSERT INTO tally_part_mark VALUES ('partner', NEW.partner_code, NEW.area, confirming, 0, 1);
            END IF;
            INSERT INTO tally_part_mark SELECT DISTINCT 'channel', channel, NEW.area, confirming, 0, 1 FROM unnest(NEW.channels) AS channel;
            RETURN NULL;
        END IF;
        WITH counted AS MATERIALIZED (SELECT * FROM ({MOVED}) AS moved WHERE day IS NOT NULL), whole AS (
            INSERT INTO tally_mark
            SELECT area, day, sum(registered), sum(confirmed) FROM counted
            GROUP BY area, day HAVING sum(registered) <> 0 OR sum(confirmed) <> 0
        )
        INSERT INTO tally_part_mark
        {PARTS.format(sign="", ones="SELECT * FROM counted")} HAVING sum(registered) <> 0 OR sum(confirmed) <> 0;
        RETURN NULL;
    END $$
    """,  # noqa: S608  # Our own words.
    """
    CREATE OR REPLACE FUNCTION forget_tallies() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM tally_mark;
        DELETE FROM tally;
        DELETE FROM tally_part_mark;
        DELETE FROM tally_part;
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE OR REPLACE TRIGGER member_changed_is_counted AFTER UPDATE ON member FOR EACH ROW
    WHEN (({WATCHED.format(row="OLD")}) IS DISTINCT FROM ({WATCHED.format(row="NEW")}))
    EXECUTE FUNCTION mark_changed()
    """,
)

# What outsiders would have been told on each day so far, so that their curve does not begin today.
PAST = """
    WITH counted AS (
        SELECT area, day, sum(confirmed) AS confirmed
        FROM (SELECT * FROM tally UNION ALL SELECT * FROM tally_mark) AS kept GROUP BY area, day
    ), past AS (
        SELECT begun::date AS day
        FROM generate_series((SELECT min(day) + 1 FROM counted), (now() AT TIME ZONE 'UTC')::date - 1, interval '1 day') AS begun
        WHERE NOT EXISTS (SELECT FROM figure WHERE figure.day = begun::date)
    ), grown AS (
        SELECT begun::date AS day, area.area, sum(coalesce(confirmed, 0)) OVER (PARTITION BY area.area ORDER BY begun) AS confirmed
        FROM generate_series((SELECT min(day) + 1 FROM counted), (now() AT TIME ZONE 'UTC')::date - 1, interval '1 day') AS begun
        CROSS JOIN (SELECT DISTINCT area FROM counted) AS area
        LEFT JOIN counted ON counted.area = area.area AND counted.day = begun::date - 1
    )
    INSERT INTO figure (day, area, confirmed)
    SELECT day, area, confirmed FROM grown JOIN past USING (day) WHERE confirmed > 0
    UNION ALL SELECT day, '', 0 FROM past
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    """Make the tables and the triggers, and count who is there.

    The trigger's lock keeps others from writing members until the count is committed: nobody is missed and nobody is counted twice. That
    takes ten to thirty seconds for a million of them, by how busy the machine is; registrations wait in their queue, and reading goes on.
    """
    for statement in (*TABLES, *TRIGGERS):
        op.execute(statement)
    op.execute(f"INSERT INTO tally_part {PARTS.format(sign='', ones=ONES.format(members='member'))}")
    op.execute(PAST)
    op.execute("ANALYZE tally_part")
