"""The background work that finds pairs: it takes whoever has joined or was changed, a batch a transaction, and compares them by index.

It is as good as if it were never interrupted: who was taken is taken again if the batch does not commit. Of several copies one works at a
time, since two could not see each other's newcomers. While a wave of registrations runs it gives way, but not for ever.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from services.registry.duplicates.judges import PERSON, Batch, Judges, Likely, Row, person
from services.registry.likeness import LARGEST_BLOCK, blocking_keys
from shared import logging
from shared.clock import new_id
from shared.database import Database, Transaction
from shared.errors import Contention
from shared.pauses import wait_any
from shared.service import Context

log = logging.get(__name__)

EVERY_SECONDS = 2.0
AT_ONCE = 25
"""Members of one batch: at 60 candidates each, a twentieth of a second for the database and for the judges."""
COMPARED = 60
"""Candidates of one member: those that have most in common. Of doubles, 94 in 100 are among the first 50 (decision 17)."""
WAVE_A_SECOND = 10.0
GIVES_WAY_SECONDS = 600.0

DUE = text("SELECT count(*) FROM likeness_due")
TAKE = text(
    "DELETE FROM likeness_due WHERE ctid = ANY (ARRAY(SELECT ctid FROM likeness_due"
    " WHERE (SELECT pg_try_advisory_xact_lock(hashtextextended('khokahano.likeness', 0))) LIMIT :most)) RETURNING member_id"
)
BY_INDEX = text("SELECT set_config('enable_seqscan', 'off', true)")
_NAMES = ", ".join(name for name in PERSON if name != "contacts")
PEOPLE = text(
    f"SELECT id::text, {_NAMES}, (SELECT array_agg(DISTINCT value_key) FROM contact WHERE member_id = member.id) AS contacts"  # noqa: S608  # Names are ours.
    " FROM member WHERE id = ANY (:ids)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
KEEP_KEYS = text(
    "INSERT INTO likeness_keys (member_id, keys)"
    " SELECT r.member_id, r.keys FROM json_populate_recordset(NULL::likeness_keys, CAST(:rows AS json)) AS r"
    " JOIN member ON member.id = r.member_id ORDER BY r.member_id ON CONFLICT (member_id) DO UPDATE SET keys = excluded.keys"
)
CANDIDATES = text(
    """
    WITH asked AS MATERIALIZED (
        SELECT r.member_id, key FROM json_populate_recordset(NULL::likeness_keys, CAST(:rows AS json)) AS r CROSS JOIN unnest(r.keys) AS key
    ), block AS MATERIALIZED (
        SELECT wanted.key, array_agg(held.member_id) AS holders FROM (SELECT DISTINCT key FROM asked) AS wanted
        CROSS JOIN LATERAL (SELECT member_id FROM likeness_keys WHERE keys @> ARRAY[wanted.key] LIMIT :largest + 1) AS held
        GROUP BY wanted.key HAVING count(*) BETWEEN 1 AND :largest
    ), ranked AS (
        SELECT asked.member_id, holder, row_number() OVER (PARTITION BY asked.member_id ORDER BY count(*) DESC, holder) AS place
        FROM asked JOIN block USING (key) CROSS JOIN unnest(block.holders) AS holder
        WHERE holder <> asked.member_id GROUP BY asked.member_id, holder
    )
    SELECT least(member_id, holder), greatest(member_id, holder) FROM ranked WHERE place <= :compared
    UNION
    SELECT one, other FROM likeness_pair WHERE dismissed_at IS NULL AND (one = ANY (:ids) OR other = ANY (:ids))
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
KEEP_PAIRS = text(
    "INSERT INTO likeness_pair AS kept (id, one, other, score, reasons)"
    " SELECT r.id, r.one, r.other, r.score, r.reasons FROM jsonb_populate_recordset(NULL::likeness_pair, :rows) AS r"
    " JOIN member AS m ON m.id = r.one JOIN member AS n ON n.id = r.other ORDER BY r.one, r.other"
    " ON CONFLICT (one, other) DO UPDATE SET score = excluded.score, reasons = excluded.reasons WHERE kept.dismissed_at IS NULL"
).bindparams(bindparam("rows", type_=JSONB))
FORGET_PAIRS = text(
    "DELETE FROM likeness_pair WHERE dismissed_at IS NULL AND (one = ANY (:ids) OR other = ANY (:ids))"
    " AND one::text || other::text <> ALL (:likely)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("likely", type_=ARRAY(Text())))
LEARNED_AT = text("SELECT learned_at FROM likeness_lesson")
LESSON = text("SELECT learned_at, members, counts, weights, by_chance FROM likeness_lesson")


@dataclass
class Wave:
    """Whether so many are joining that comparing gives way."""

    _waiting: int = 0
    _at: float = 0.0
    _since: float | None = None

    def runs(self, waiting: int, at: float) -> bool:
        """Tell whether to give way, with so many waiting now."""
        grown, seconds = waiting - self._waiting, at - self._at
        self._waiting, self._at = waiting, at
        if grown <= WAVE_A_SECOND * min(seconds, EVERY_SECONDS):
            self._since = None
            return False
        self._since = at if self._since is None else self._since
        return at - self._since < GIVES_WAY_SECONDS


class Bench:
    """The judges, by the newest lesson."""

    def __init__(self) -> None:
        self._learned_at: datetime | None = None
        self._judges: Judges | None = None

    async def judges(self, session: Transaction) -> Judges:
        """Return the judges; a lesson that was learned meanwhile makes others."""
        learned_at = await session.scalar(LEARNED_AT)
        if self._judges is None or learned_at != self._learned_at:
            await self.close()
            row = (await session.execute(LESSON)).mappings().one_or_none()
            self._judges = Judges({**row, "learned_at": None} if row else None)
            self._learned_at = row["learned_at"] if row else None
        return self._judges

    async def close(self) -> None:
        """Send them away."""
        judges, self._judges = self._judges, None
        if judges is not None:
            await judges.close()


async def compare_members(context: Context) -> None:
    """Compare whoever has joined or was changed, until told to stop."""
    bench, wave = Bench(), Wave()
    try:
        while not context.stopping.is_set():
            async with context.database.transaction() as session:
                waiting = (await session.execute(DUE)).scalar_one()
            began, more = monotonic(), False
            if not waiting or wave.runs(waiting, began):
                await bench.close()
            else:
                more = await compare_some(context.database, bench) == AT_ONCE
                while more and monotonic() - began < EVERY_SECONDS and not context.stopping.is_set():
                    more = await compare_some(context.database, bench) == AT_ONCE
            if not more:
                await wait_any(context.stopping, seconds=EVERY_SECONDS)
    finally:
        await bench.close()


async def compare_some(database: Database, bench: Bench) -> int:
    """Compare a batch of those who are due, and return how many were taken; none while another copy is at it.

    Raises:
        Outage: the database or the judges are away; who was taken is still due.
    """
    try:
        async with database.transaction() as session:
            ids = [UUID(str(each)) for each in (await session.execute(TAKE, {"most": AT_ONCE})).scalars()]
            if ids:
                await _compare(session, sorted(set(ids)), bench)
            return len(ids)
    except (Contention, IntegrityError) as trouble:
        # Somebody was erased or merged at this moment.
        log.info("comparing_met_others", error=type(trouble).__name__)
        return 0


async def _compare(session: Transaction, ids: Sequence[UUID], bench: Bench) -> None:
    newcomers = await people(session, ids)
    pairs = await candidates(session, newcomers)
    others = {UUID(each) for pair in pairs for each in pair if each not in newcomers}
    everybody = newcomers | await people(session, sorted(others))
    there = sorted((one, other) for one, other in pairs if one in everybody and other in everybody)
    likely = await (await bench.judges(session)).judge(Batch(everybody, there)) if there else []
    # All is written at the end: it locks these members' rows against whoever changes them.
    await session.execute(KEEP_KEYS, {"rows": _keys(newcomers)[1]})
    await _keep(session, ids, likely)


async def candidates(session: Transaction, newcomers: Mapping[str, Row]) -> set[tuple[str, str]]:
    """Return with whom these members are to be compared: those in the index who have most in common with them, and one another."""
    keys, rows = _keys(newcomers)
    await session.execute(BY_INDEX)
    asked = {"rows": rows, "ids": [UUID(each) for each in newcomers], "largest": LARGEST_BLOCK, "compared": COMPARED}
    pairs = {(str(one), str(other)) for one, other in await session.execute(CANDIDATES, asked)}
    return pairs | {pair for pair in combinations(sorted(keys), 2) if not keys[pair[0]].isdisjoint(keys[pair[1]])}


def _keys(members: Mapping[str, Row]) -> tuple[dict[str, set[int]], str]:
    keys = {each: blocking_keys(person(row)) for each, row in members.items()}
    return keys, json.dumps([{"member_id": each, "keys": sorted(own)} for each, own in keys.items()])


async def people(session: Transaction, ids: Sequence[UUID]) -> dict[str, Row]:
    """Return what these members are compared by, by their ids; who is gone is left out."""
    return {row[0]: list(row[1:]) for row in await session.execute(PEOPLE, {"ids": list(ids)})}


async def _keep(session: Transaction, ids: Sequence[UUID], likely: Sequence[Likely]) -> None:
    await session.execute(FORGET_PAIRS, {"ids": ids, "likely": [one + other for one, other, *_ in likely]})
    if likely:
        rows: list[Mapping[str, Any]] = [
            {"id": str(new_id()), "one": one, "other": other, "score": score, "reasons": reasons} for one, other, score, reasons in likely
        ]
        await session.execute(KEEP_PAIRS, {"rows": orjson.loads(orjson.dumps(rows))})
