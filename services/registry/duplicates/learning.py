"""What the registry's own records teach the judging: how common names are here, and how often one person's records differ.

Learned once a day, and when the registry has grown by half, as by an import: by a process of its own, which writes one row and ends
(`python -m services.registry.duplicates.learning`). Everybody is compared anew when there was no lesson before, or it has doubled.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.duplicates.comparing import candidates, people
from services.registry.duplicates.judges import NICE, person
from services.registry.likeness import Comparison, Population, Traits, counted
from services.registry.likeness.batch import HOPELESS
from services.registry.likeness.comparing import compare
from services.registry.likeness.explaining import odds_to_strangers
from services.registry.likeness.judging import score_of
from services.registry.likeness.learning import learn, likely_from
from services.registry.likeness.traits import traits_of
from services.registry.settings import RegistrySettings
from shared import logging
from shared.clock import now
from shared.database import Database, Transaction
from shared.pauses import wait_any
from shared.service import Context

log = logging.get(__name__)

EVERY_SECONDS = 60.0
"""So soon after an import is what it teaches known."""
FEWEST = 1_000
"""Members of whom nothing is learned."""
GROWN, DOUBLED = 1.5, 2.0
AFTER = timedelta(days=1)
COUNTED = 200_000
"""The newest members, whose names, years and towns are counted."""
ASKED = 3_000
"""Members whose candidates are learned from, evenly among all: 150,000 comparisons."""
PAGE = 1_000

MEMBERS = text(
    "SELECT coalesce((SELECT sum(registered) FROM tally), 0)::bigint + coalesce((SELECT sum(registered) FROM tally_mark), 0)::bigint"
)
LEARNED = text("SELECT learned_at, members FROM likeness_lesson")
ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('khokahano.likeness_lesson', 0))")
NEWEST = text("SELECT id FROM member WHERE id < :before ORDER BY id DESC LIMIT :page")
SOME = text("SELECT member_id FROM likeness_keys TABLESAMPLE BERNOULLI (:percent) LIMIT :most")
KEEP = text(
    "INSERT INTO likeness_lesson (members, counts, weights, by_chance, learned_at) VALUES (:members, :counts, :weights, :by_chance, now())"
    " ON CONFLICT (only_one) DO UPDATE SET members = excluded.members, counts = excluded.counts, weights = excluded.weights,"
    " by_chance = excluded.by_chance, learned_at = excluded.learned_at"
).bindparams(*(bindparam(name, type_=JSONB) for name in ("counts", "weights", "by_chance")))
ALL_ANEW = text("INSERT INTO likeness_due SELECT id FROM member")
LAST = UUID(int=2**128 - 1)


class Before(NamedTuple):
    """The lesson that there is."""

    learned_at: datetime
    members: int


def is_due(members: int, before: Before | None, at: datetime) -> bool:
    """Tell whether there is something to learn."""
    if members < FEWEST:
        return False
    return before is None or members >= GROWN * before.members or (members != before.members and at - before.learned_at >= AFTER)


def is_new(members: int, before: Before | None) -> bool:
    """Tell whether a lesson changes so much that everybody is to be compared anew."""
    return before is None or members >= DOUBLED * before.members


async def learn_now_and_then(context: Context) -> None:
    """Have a lesson learned where one is due, until told to stop."""
    while not context.stopping.is_set():
        async with context.database.transaction() as session:
            due = is_due((await session.execute(MEMBERS)).scalar_one(), await _before(session), now())
        if due:
            await _in_a_process(context.stopping)
        await wait_any(context.stopping, seconds=EVERY_SECONDS)


async def _in_a_process(stopping: asyncio.Event) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __spec__.name)
    ended = asyncio.create_task(process.wait())
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait([ended, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    if await ended:
        log.warning("lesson_not_learned", status=process.returncode)


async def learn_once(database: Database) -> bool:
    """Learn what there is to learn, and keep it; False if there is nothing, or another process is at it."""
    async with database.transaction() as session:
        if not await session.scalar(ALONE):
            return False
        members, before = (await session.execute(MEMBERS)).scalar_one(), await _before(session)
        if not is_due(members, before, now()):
            return False
        counts = await _counts(session)
        population = Population(counts, members)
        seen, share = await _pairs(session, population, members)
        weights = learn(seen, population, each_stands_for=1 / share)
        population = population.with_weights(weights)
        weights = replace(weights, likely_from=likely_from(score_of(each, population) for each in seen))
        await session.execute(KEEP, _row(population, weights.as_dict()))
        if is_new(members, before):
            await session.execute(ALL_ANEW)
    log.info("lesson_learned", members=members, pairs=len(seen), likely_from=weights.likely_from)
    return True


async def _before(session: Transaction) -> Before | None:
    row = (await session.execute(LEARNED)).one_or_none()
    return Before(*row) if row else None


async def _counts(session: Transaction) -> dict[Comparison, Counter[str]]:
    """Count the values of the newest members, a page in memory at a time."""
    counts: dict[Comparison, Counter[str]] = {}
    last, read = LAST, 0
    while read < COUNTED and (ids := list((await session.execute(NEWEST, {"before": last, "page": PAGE})).scalars())):
        for row in (await people(session, ids)).values():
            for comparison, values in counted(traits_of(person(row))):
                counts.setdefault(comparison, Counter()).update(values)
        last, read = ids[-1], read + len(ids)
    return counts


async def _pairs(session: Transaction, population: Population, members: int) -> tuple[list[Any], float]:
    """Return what is seen in pairs that have hope, and which share of all such pairs they are."""
    percent = min(100.0, 100.0 * ASKED / members)
    asked = [UUID(str(each)) for each in (await session.execute(SOME, {"percent": percent, "most": 2 * ASKED})).scalars()]
    found: list[Any] = []
    met = set[tuple[str, str]]()
    for start in range(0, len(asked), PAGE // 10):
        page = asked[start : start + PAGE // 10]
        pairs = await candidates(session, await people(session, page))
        fresh = pairs - met
        met |= fresh
        known = await people(session, sorted({UUID(each) for pair in fresh for each in pair}))
        read: Mapping[str, Traits] = {each: traits_of(person(row)) for each, row in known.items()}
        for one, other in sorted(fresh):
            if one in read and other in read:
                seen = compare(read[one], read[other], population)
                if odds_to_strangers(seen, population.weights, population.size) > HOPELESS:
                    found.append(seen)
    # A pair is met if either of the two is asked.
    share = min(1.0, len(asked) / max(1, members))
    return found, max(1 - (1 - share) ** 2, 1e-6)


def _row(population: Population, weights: Mapping[str, Any]) -> dict[str, Any]:
    by_chance: dict[str, Sequence[float]] = {str(comparison): list(row) for comparison, row in population.by_chance.items()}
    counts = {str(comparison): dict(values) for comparison, values in population.counts.items()}
    return {"members": population.people, "counts": counts, "weights": dict(weights), "by_chance": by_chance}


async def main() -> None:
    """Learn once."""
    os.nice(NICE)
    settings = RegistrySettings()
    logging.configure("registry", settings.log_level)
    database = Database(settings.registry_database_url, name="registry-learning", pool_size=1, timeout_seconds=300)
    try:
        await learn_once(database)
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main())
