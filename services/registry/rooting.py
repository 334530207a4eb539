"""A root for each day: one hash over all consents that were recorded since the root before, kept in a table of its own.

A day (UTC) is closed once it is over, by whichever copy of the service comes first. Records are covered in the order of their ids, up to
the newest there is, and not by their moments: what was said days ago may be recorded today. A record that has its id but is not committed
yet must not fall between two roots, so that all who write consents at that moment are waited for; nobody waits for us.
"""

import asyncio
from datetime import date
from typing import Any

from sqlalchemy import Date, select, text

from services.registry import ledger
from services.registry.model import ConsentRoot, Wording
from shared import logging
from shared.database import Database, Transaction
from shared.pauses import wait_any
from shared.service import Context

log = logging.get(__name__)

EVERY_SECONDS = 60.0
LOOK_SECONDS = 0.1
PAGE = 1000
"""Records read at once: a few milliseconds' work, between which others have their turn."""

ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('khokahano.consent_roots', 0))")
YESTERDAY = text("SELECT (now() AT TIME ZONE 'UTC')::date - 1").columns(day=Date())
NEWEST = text("SELECT coalesce(max(id), 0) FROM consent")
WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'consent'::regclass AND mode = 'RowExclusiveLock'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Whoever has drawn an id holds this lock to the end of the transaction. It holds since ids are drawn one by one (no CACHE)."""
COVERED = text("SELECT id, hash FROM consent WHERE id > :after AND id <= :last ORDER BY id LIMIT :page")
LATEST = select(ConsentRoot).order_by(ConsentRoot.number.desc()).limit(1)


async def close_days(context: Context) -> None:
    """Make the root of each day soon after it is over, until told to stop."""
    while not context.stopping.is_set():
        async with context.database.transaction() as session:
            yesterday = (await session.execute(YESTERDAY)).scalar_one()
        await close_day(context.database, yesterday, context.stopping)
        await wait_any(context.stopping, seconds=EVERY_SECONDS)


async def close_day(database: Database, day: date, stopping: asyncio.Event | None = None) -> ConsentRoot | None:
    """Make a day's root and return it; None if that day is closed, another copy is at it, or we are told to stop.

    It is one transaction, which locks nobody out: if it breaks off, nothing is there, and the next try makes the same.
    """
    stopping = stopping or asyncio.Event()
    async with database.transaction() as session:
        if not await session.scalar(ALONE):
            return None
        before = await session.scalar(LATEST)
        if before and before.day >= day:
            return None
        last_id: int = (await session.execute(NEWEST)).scalar_one()
        if not await _settled(session, stopping):
            return None
        made = await _root(session, before, day, last_id)
        session.add(made)
    log.info("consent_root_made", day=day.isoformat(), records=made.records)
    return made


async def _settled(session: Transaction, stopping: asyncio.Event) -> bool:
    """Wait until all who write consents now have ended; False if we are told to stop first."""
    writers = set(await session.scalars(WRITERS))
    while writers:
        await wait_any(stopping, seconds=LOOK_SECONDS)
        if stopping.is_set():
            return False
        writers &= set(await session.scalars(WRITERS))
    return True


async def _root(session: Transaction, before: ConsentRoot | None, day: date, last_id: int) -> ConsentRoot:
    digest, after = ledger.Digest(), before.last_id if before else 0
    while page := [(row.id, row.hash) for row in await session.execute(COVERED, {"after": after, "last": last_id, "page": PAGE})]:
        digest.add(page)
        after = page[-1][0]
    covered: dict[str, Any] = {
        "number": before.number + 1 if before else 1,
        "day": day,
        "last_id": max(last_id, before.last_id if before else 0),
        "records": digest.records,
        "wordings": {f"{w.version}.{w.language}": ledger.wording_digest(w.text) for w in await session.scalars(select(Wording))},
    }
    return ConsentRoot(**covered, root=ledger.root(before.root if before else ledger.BEGINNING, **covered, digest=digest.digest()))
