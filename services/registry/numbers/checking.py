"""Whether the running counts are what a full count finds, and counting anew where they are not.

Triggers keep the counts right whatever changes a member. What bypasses triggers (a copy restored without them, a hand at the console)
would leave them wrong without a sign: hence the check.
"""

from datetime import date
from typing import NamedTuple

from sqlalchemy import text

from shared.database import Transaction

ONES = """
    SELECT area, (registered_at AT TIME ZONE 'UTC')::date AS day, 1 AS registered, 0 AS confirmed, way, partner_code, channels FROM member
    UNION ALL
    SELECT area, (confirmed_at AT TIME ZONE 'UTC')::date, 0, 1, way, partner_code, channels FROM member WHERE confirmed_at IS NOT NULL
"""
FULL = f"""
    SELECT 'area' AS kind, area AS value, area, day, sum(registered) AS registered, sum(confirmed) AS confirmed
    FROM ({ONES}) AS one GROUP BY area, day
    UNION ALL
    SELECT kind, value, area, day, sum(registered), sum(confirmed)
    FROM ({ONES}) AS one CROSS JOIN LATERAL (
        VALUES ('way', way), ('partner', partner_code)
        UNION ALL SELECT DISTINCT 'channel', unnest(channels)
    ) AS part (kind, value) WHERE value IS NOT NULL GROUP BY kind, value, area, day
"""  # noqa: S608  # Our own words.
KEPT = """
    SELECT kind, value, area, day, sum(registered) AS registered, sum(confirmed) AS confirmed FROM (
        SELECT 'area' AS kind, area AS value, * FROM tally UNION ALL SELECT 'area', area, * FROM tally_mark
        UNION ALL SELECT * FROM counted_part
    ) AS kept GROUP BY kind, value, area, day
"""
DIFFERENT = text(
    f"""
    SELECT kind, value, area, day, CAST(sum(registered) AS bigint) AS registered, CAST(sum(confirmed) AS bigint) AS confirmed
    FROM (
        SELECT kind, value, area, day, registered, confirmed FROM ({KEPT}) AS kept
        UNION ALL SELECT kind, value, area, day, -registered, -confirmed FROM ({FULL}) AS counted
    ) AS compared
    GROUP BY kind, value, area, day HAVING sum(registered) <> 0 OR sum(confirmed) <> 0 ORDER BY kind, value, area, day
    """  # noqa: S608  # Our own words.
)
"""One statement, so one snapshot: whoever comes or goes meanwhile is in both counts or in neither."""
MEND = [
    text(statement)
    for statement in (
        "LOCK TABLE member IN SHARE ROW EXCLUSIVE MODE",
        "DELETE FROM tally_mark",
        "DELETE FROM tally",
        "DELETE FROM tally_part_mark",
        "DELETE FROM tally_part",
        f"INSERT INTO tally SELECT area, day, registered, confirmed FROM ({FULL}) AS counted WHERE kind = 'area'",  # noqa: S608
        f"INSERT INTO tally_part SELECT kind, value, area, day, registered, confirmed FROM ({FULL}) AS counted WHERE kind <> 'area'",  # noqa: S608
    )
]
"""Nobody writes members meanwhile, a few seconds for a million of them."""


class Difference(NamedTuple):
    """How many too many are kept, or too few (below 0), in one row of the counts; `kind` is `area` in the tally itself."""

    kind: str
    value: str
    area: str
    day: date
    registered: int
    confirmed: int


async def differences(session: Transaction) -> list[Difference]:
    """Return where the running counts and a full count differ; it reads every member."""
    return [Difference(*row) for row in await session.execute(DIFFERENT)]


async def count_anew(session: Transaction) -> None:
    """Replace the running counts by a full count."""
    for statement in MEND:
        await session.execute(statement)
