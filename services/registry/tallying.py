"""Adding up: the marks that members' comings and goings leave become part of the tally, so that there are never many to read.

Right at every moment, with any number of copies: a mark is deleted by one transaction only, and in that one it is added.
"""

from sqlalchemy import text

from shared.pauses import wait_any
from shared.service import Context

EVERY_SECONDS = 5.0
"""A wave leaves a few hundred marks a second."""

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


async def add_up(context: Context) -> None:
    """Add the marks to the tally, every few seconds, until told to stop."""
    while not context.stopping.is_set():
        async with context.database.transaction() as session:
            await session.execute(ADD_UP)
        await wait_any(context.stopping, seconds=EVERY_SECONDS)
