"""Small chores: turns that have passed, contacts that have long been gone and old receipts go, a batch at a time."""

from sqlalchemy import text

from services.notifier import receipts
from shared.pauses import wait_any
from shared.service import Context

EVERY_SECONDS = 3600.0
BATCH = 5000

FORGET_TURNS = text(
    """
    DELETE FROM turn WHERE address_key IN (
        SELECT address_key FROM turn WHERE next_at <= now() ORDER BY next_at LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING 1
    """
)


FORGET_CONTACTS = text(
    """
    DELETE FROM contact WHERE id IN (
        SELECT id FROM contact WHERE dropped_at < now() - interval '30 days' ORDER BY dropped_at LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING 1
    """
)


async def tidy(context: Context) -> None:
    """Forget passed turns, contacts that have long been gone and receipts that were sent, hourly, until told to stop."""
    while not context.stopping.is_set():
        for chore in (FORGET_TURNS, FORGET_CONTACTS, receipts.FORGET):
            gone = BATCH
            while gone == BATCH and not context.stopping.is_set():
                async with context.database.transaction() as session:
                    gone = len((await session.execute(chore, {"most": BATCH})).all())
        await wait_any(context.stopping, seconds=EVERY_SECONDS)
