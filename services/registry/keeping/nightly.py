"""Each night, once: what is too old goes, page by page, by whichever copy comes first.

The night is a row with a lease, which each page extends in its own transaction; a copy that died is followed by another, which goes on with
what is left. A page that was not committed has left nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Date, Uuid, bindparam, text

from services.registry.calling.raising import PAGE, settle_needless
from services.registry.keeping import finding
from services.registry.keeping.dropping import drop
from services.registry.keeping.rules import WHYS, Old, Rules, Why, fate
from shared import logging
from shared.clock import now
from shared.database import Database, Transaction
from shared.errors import KhokahanoError
from shared.pauses import wait_any
from shared.service import Context

log = logging.get(__name__)

EVERY_SECONDS = 60.0
LEASE_SECONDS = 60
"""How long a copy that says nothing keeps others off; a page takes a second or two."""

BEGIN = text("INSERT INTO retention_night (day, began_at) VALUES (:day, :at) ON CONFLICT DO NOTHING").bindparams(
    bindparam("day", type_=Date())
)
CLAIM = text(
    "UPDATE retention_night SET lease = :lease, lease_until = now() + make_interval(secs => :seconds)"
    " WHERE day = :day AND ended_at IS NULL AND (lease_until IS NULL OR lease_until < now() OR lease = :lease) RETURNING counts"
).bindparams(bindparam("day", type_=Date()), bindparam("lease", type_=Uuid()))
KEEP = text(
    "UPDATE retention_night SET lease_until = now() + make_interval(secs => :seconds), counts = CAST(:counts AS jsonb)"
    " WHERE day = :day AND lease = :lease AND ended_at IS NULL RETURNING day"
).bindparams(bindparam("day", type_=Date()), bindparam("lease", type_=Uuid()))
END = text(
    "UPDATE retention_night SET ended_at = :at, lease = NULL, lease_until = NULL WHERE day = :day AND lease = :lease RETURNING day"
).bindparams(bindparam("day", type_=Date()), bindparam("lease", type_=Uuid()))
GIVE_BACK = text("UPDATE retention_night SET lease = NULL, lease_until = NULL WHERE day = :day AND lease = :lease").bindparams(
    bindparam("day", type_=Date()), bindparam("lease", type_=Uuid())
)
REOPEN = text("UPDATE retention_night SET ended_at = NULL, counts = '{}' WHERE day = :day AND ended_at IS NOT NULL").bindparams(
    bindparam("day", type_=Date())
)
ENDED = text("SELECT 1 FROM retention_night WHERE day >= :day AND ended_at IS NOT NULL LIMIT 1").bindparams(bindparam("day", type_=Date()))

Counts = dict[str, int]
"""How many met which fate, by `why.fate`."""


class LeaseLost(KhokahanoError):
    """Another copy has taken the night over; nothing of this page was written."""


async def keep_nightly(context: Context) -> None:
    """Drop what is too old each night, until told to stop."""
    rules, hour = Rules.of(context.settings), context.settings.keep_night_hour
    while not context.stopping.is_set():
        at = now()
        if not await is_done(context.database, night_of(at, hour)):
            await keep(context.database, rules, night_of(at, hour), at=at, stopping=context.stopping)
        await wait_any(context.stopping, seconds=EVERY_SECONDS)


def night_of(at: datetime, hour: int) -> date:
    """Return the day of the last night that has begun."""
    return (at - timedelta(hours=hour)).date()


async def is_done(database: Database, night: date) -> bool:
    """Tell whether this night's work, or a later one's, is done."""
    async with database.transaction() as session:
        return (await session.execute(ENDED, {"day": night})).first() is not None


async def keep(
    database: Database, rules: Rules, night: date, *, at: datetime, stopping: asyncio.Event | None = None, again: bool = False
) -> Counts | None:
    """Do a night's work, or what is left of it, and return what came of all of it; None if another copy is at it, or it is done.

    Args:
        at: the moment by which ages are told.
        again: do it although it is done, and count anew.
    """
    lease = uuid4()
    async with database.transaction() as session:
        await session.execute(BEGIN, {"day": night, "at": at})
        if again:
            await session.execute(REOPEN, {"day": night})
        claimed = (await session.execute(CLAIM, {"day": night, "lease": lease, "seconds": LEASE_SECONDS})).one_or_none()
    if claimed is None:
        return None
    counts: Counts = {name: number for name, number in claimed.counts.items() if not name.endswith(".wait")}  # They are met again.
    try:
        for why in WHYS:
            await _keep_rule(database, why, rules, counts, (night, lease), at, stopping or asyncio.Event())
        if stopping is not None and stopping.is_set():
            return None
        ended = PAGE
        while ended == PAGE:
            async with database.transaction() as session:
                ended = await settle_needless(session, at=at)
        async with database.transaction() as session:
            if (await session.execute(END, {"day": night, "lease": lease, "at": at})).first() is None:
                raise LeaseLost
    finally:
        async with database.transaction() as session:
            await session.execute(GIVE_BACK, {"day": night, "lease": lease})
    log.info("retention_done", night=night.isoformat(), **{name.replace(".", "_"): number for name, number in counts.items()})
    return counts


async def _keep_rule(
    database: Database, why: Why, rules: Rules, counts: Counts, held: tuple[date, UUID], at: datetime, stopping: asyncio.Event
) -> None:
    after: Old | None = None
    while not stopping.is_set():
        async with database.transaction() as session:
            page = await finding.page(session, why, rules, at=at, after=after)
            if not page:
                return
            added = _add(counts, why, await drop(session, page, rules, at=at))
            await _extend(session, held, added)
        counts.update(added)
        after = page[-1]


async def _extend(session: Transaction, held: tuple[date, UUID], counts: Mapping[str, int]) -> None:
    values = {"day": held[0], "lease": held[1], "seconds": LEASE_SECONDS, "counts": orjson.dumps(counts).decode()}
    if (await session.execute(KEEP, values)).first() is None:
        raise LeaseLost


def _add(counts: Counts, why: Why, done: Counter[str]) -> Counts:
    return counts | {f"{why}.{each}": counts.get(f"{why}.{each}", 0) + number for each, number in done.items() if number}


async def foresee(database: Database, rules: Rules, *, at: datetime) -> Counts:
    """Return what a night's work would come to, changing nothing."""
    counts: Counts = {}
    for why in WHYS:
        after: Old | None = None
        while True:
            async with database.transaction() as session:
                page = await finding.page(session, why, rules, at=at, after=after)
            if not page:
                break
            counts = _add(counts, why, Counter(fate(old, rules, at) for old in page))
            after = page[-1]
    return counts
