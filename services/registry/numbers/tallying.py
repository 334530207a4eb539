"""Adding up: the marks that members' comings and goings leave become part of the tallies, so that there are never many to read.

Right at every moment, with any number of copies: a mark is deleted by one transaction only, and in that one it is added.
"""

from datetime import timedelta

from sqlalchemy import text

from services.registry.numbers import figures
from shared.clock import now
from shared.pauses import wait_any
from shared.service import Context

EVERY_SECONDS = 5.0
"""A wave leaves a few thousand marks meanwhile."""

ADD_UP = text(
    """
    WITH mark AS (
        DELETE FROM tally_mark WHERE (SELECT pg_try_advisory_xact_lock(hashtextextended('khokahano.tally', 0))) RETURNING *
    )
    INSERT INTO tally AS kept (area, day, registered, confirmed)
    SELECT area, day, sum(registered), sum(confirmed) FROM mark GROUP BY area, day
    ON CONFLICT (area, day) DO UPDATE
    SET registered = kept.registered + excluded.registered, confirmed = kept.confirmed + excluded.confirmed
    """
)
"""The lock only spares copies from waiting for one another; who does not get it leaves the marks to who has it."""

ADD_UP_PARTS = text(
    """
    WITH mark AS (
        DELETE FROM tally_part_mark
        WHERE (SELECT pg_try_advisory_xact_lock(hashtextextended('khokahano.tally_part', 0))) RETURNING *
    ), change AS (
        SELECT kind, value, area, day, sum(registered) AS registered, sum(confirmed) AS confirmed
        FROM mark GROUP BY kind, value, area, day HAVING sum(registered) <> 0 OR sum(confirmed) <> 0
    ), gone AS (
        DELETE FROM tally_part AS kept USING change
        WHERE (kept.kind, kept.value, kept.area, kept.day) = (change.kind, change.value, change.area, change.day)
            AND kept.registered + change.registered = 0 AND kept.confirmed + change.confirmed = 0
        RETURNING kept.*
    )
    INSERT INTO tally_part AS kept (kind, value, area, day, registered, confirmed)
    SELECT * FROM change WHERE NOT EXISTS (
        SELECT FROM gone WHERE (gone.kind, gone.value, gone.area, gone.day) = (change.kind, change.value, change.area, change.day)
    )
    ON CONFLICT (kind, value, area, day) DO UPDATE
    SET registered = kept.registered + excluded.registered, confirmed = kept.confirmed + excluded.confirmed
    """
)
"""A row of nobody goes: a code that only one member ever gave is kept no longer than the member. Two never add up at the same time."""


async def add_up(context: Context) -> None:
    """Add the marks to the tallies, every few seconds, until told to stop; keep a day's figures after it, if nobody asked that day."""
    filled = None
    while not context.stopping.is_set():
        for statement in (ADD_UP, ADD_UP_PARTS):
            async with context.database.transaction() as session:
                await session.execute(statement)
        if filled != (yesterday := now().date() - timedelta(days=1)):
            async with context.database.transaction() as session:
                await figures.take(session, yesterday)
            filled = yesterday
        await wait_any(context.stopping, seconds=EVERY_SECONDS)
