"""Forgetting what has had its time, a little at a time, so that nobody waits for it."""

import asyncio
import random

from sqlalchemy import text

from shared import logging
from shared.errors import Contention, Outage
from shared.service import Context

log = logging.get(__name__)

EVERY_SECONDS = 60.0
MOST_ROWS = 1000
"""Deleted in one transaction."""

OVERDUE = (
    (
        "DELETE FROM idempotency_key WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM idempotency_key WHERE at < now() - interval '24 hours' LIMIT :most FOR UPDATE SKIP LOCKED))"
    ),
    (
        "DELETE FROM sign_in_link WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM sign_in_link WHERE expires_at < now() - interval '1 day' LIMIT :most FOR UPDATE SKIP LOCKED))"
    ),
    (
        "DELETE FROM staff_session WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM staff_session WHERE expires_at < now() LIMIT :most FOR UPDATE SKIP LOCKED))"
    ),
    (
        "DELETE FROM manage_session WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM manage_session WHERE expires_at < now() LIMIT :most FOR UPDATE SKIP LOCKED))"
    ),
    (
        "DELETE FROM import WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM import WHERE status = 'draft' AND added_at < now() - interval '1 day' LIMIT :most FOR UPDATE SKIP LOCKED))"
    ),
    (
        "DELETE FROM import_page WHERE ctid = ANY(ARRAY("
        "SELECT p.ctid FROM import_page p JOIN import i ON i.id = p.import_id WHERE i.finished_at < now() - interval '1 day'"
        " LIMIT :most FOR UPDATE OF p SKIP LOCKED))"
    ),
    (
        "DELETE FROM import_bad_row WHERE ctid = ANY(ARRAY("
        "SELECT b.ctid FROM import_bad_row b JOIN import i ON i.id = b.import_id WHERE i.finished_at < now() - interval '30 days'"
        " LIMIT :most FOR UPDATE OF b SKIP LOCKED))"
    ),
    (
        "DELETE FROM import_chunk WHERE ctid = ANY(ARRAY("
        "SELECT c.ctid FROM import_chunk c JOIN import i ON i.id = c.import_id WHERE i.finished_at < now() - interval '30 days'"
        " LIMIT :most FOR UPDATE OF c SKIP LOCKED))"
    ),
)
"""Each deletes a little of that which has had its time."""


async def forget(context: Context) -> None:
    """Delete what is overdue until told to stop."""
    while not context.stopping.is_set():
        try:
            more = max([await _forget_some(context, statement) for statement in OVERDUE]) == MOST_ROWS
        except (Outage, Contention) as trouble:
            log.warning("housekeeping_waits", reason=str(trouble))
            more = False
        if not more:
            pause = EVERY_SECONDS * random.uniform(0.8, 1.2)
            try:
                await asyncio.wait_for(context.stopping.wait(), pause)
            except TimeoutError:
                continue


async def _forget_some(context: Context, statement: str) -> int:
    async with context.database.transaction() as session:
        result = await session.execute(text(statement), {"most": MOST_ROWS})
        deleted: int = result.rowcount  # type: ignore[attr-defined]
    return deleted
