"""Small chores of every service: old inbox rows go in batches, so that no table bloats and no lock is long."""

from typing import Any

from sqlalchemy import text

from shared.pauses import wait_any

INBOX_DAYS = 30
"""Longer than the oldest dead letter (14 days), so that a replay is always recognised."""
BATCH = 5000
EVERY_SECONDS = 3600.0

FORGET = text(
    "DELETE FROM inbox WHERE message_id IN"
    " (SELECT message_id FROM inbox WHERE at < now() - make_interval(days => :days) LIMIT :most FOR UPDATE SKIP LOCKED)"
)


async def tidy(context: Any) -> None:
    """Forget old inbox rows, hourly, until told to stop."""
    while not context.stopping.is_set():
        gone = BATCH
        while gone == BATCH and not context.stopping.is_set():
            async with context.database.transaction() as session:
                gone = (await session.execute(FORGET, {"days": INBOX_DAYS, "most": BATCH})).rowcount
        await wait_any(context.stopping, seconds=EVERY_SECONDS)
