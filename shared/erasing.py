"""How every service ends an erasure: its rows go in the handler, then its dead letters are searched, and only then does it answer.

A handler calls `note_erased`; the background work that `finishing` returns does the rest, however often it is interrupted.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Uuid, bindparam, text

from shared.database import Transaction, after_commit, database_of
from shared.dead_letters import DeadLetter, DeadLetters
from shared.pauses import wait_any
from shared.service import Background, Context

BELL = "erasing"
EVERY_SECONDS = 5.0
"""How often a service looks whether a copy of it has left somebody's erasing unended, which may take 10 s; its own begins at once."""
LEASE_SECONDS = 90
"""Longer than a walk through the dead letters may take: who walks holds them, and nobody else would find them then."""
NAMES = ("member_id", "submission_id", "absorbed_id")
"""Fields of a message that say whose data are in it; after a merge was undone, its word holds the addresses of both."""
MOST = 100
"""Members whose dead letters are searched in one walk."""

NOTE = text(
    "INSERT INTO erasing (member_id, named, marks) VALUES (:member_id, :named, :marks) ON CONFLICT (member_id) DO UPDATE"
    " SET named = erasing.named || excluded.named, leased_until = NULL"
).bindparams(bindparam("member_id", type_=Uuid()), bindparam("named", type_=ARRAY(Uuid())), bindparam("marks", type_=ARRAY(LargeBinary())))
CLAIM = text(
    "UPDATE erasing SET leased_until = now() + make_interval(secs => :lease)"
    " WHERE member_id IN (SELECT member_id FROM erasing ORDER BY at LIMIT :most FOR UPDATE SKIP LOCKED)"
    " AND NOT EXISTS (SELECT FROM erasing WHERE leased_until > now()) RETURNING member_id, named, marks"
)
DONE = text("DELETE FROM erasing WHERE member_id = ANY (:ids) RETURNING member_id").bindparams(bindparam("ids", type_=ARRAY(Uuid())))
GIVE_BACK = text("UPDATE erasing SET leased_until = NULL WHERE member_id = ANY (:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid())))


@dataclass(frozen=True)
class Erased:
    """One erased member, as their traces are known by.

    Attributes:
        named: the member's id, and those of their submissions.
        marks: keyed hashes by which a service knows its own letters about them; see `finishing`.
    """

    member_id: UUID
    named: frozenset[UUID]
    marks: frozenset[bytes]

    def is_named_in(self, body: dict[str, Any]) -> bool:
        """Tell whether a message's body is about this member. One that only lists ids holds nothing personal."""
        return any(str(body.get(field)) in {str(each) for each in self.named} for field in NAMES)


Answer = Callable[[Transaction, UUID], Awaitable[None]]
"""Writes, in the transaction that ends an erasure, that this service is done."""
Before = Callable[[Context, Sequence[Erased]], Awaitable[Sequence[Erased]]]
"""Does what must be done before the answer, and returns for whom it is done; the others wait."""
Recognise = Callable[[DeadLetter, dict[str, Any], Erased], bool]


async def note_erased(session: Transaction, member_id: UUID, *, named: Iterable[UUID] = (), marks: Iterable[bytes] = ()) -> None:
    """Have the dead letters searched for an erased member, and an answer given after that; a second call has it done again."""
    await session.execute(NOTE, {"member_id": member_id, "named": sorted({member_id, *named}), "marks": sorted(set(marks))})
    after_commit(session, database_of(session).bell(BELL).set)


def finishing(answer: Answer, *, before: Before | None = None, recognise: Recognise | None = None) -> Background:
    """Return the background work that ends erasures.

    Args:
        before: what must be done before the answer, such as the journal's entry.
        recognise: tells a dead letter about the member that does not name their id.
    """

    async def finish_erasures(context: Context) -> None:
        noted = context.database.bell(BELL)
        while not context.stopping.is_set():
            noted.clear()
            if not await _finish_some(context, answer, before, recognise):
                await wait_any(context.stopping, noted, seconds=EVERY_SECONDS)

    return finish_erasures


async def _finish_some(context: Context, answer: Answer, before: Before | None, recognise: Recognise | None) -> bool:
    """End the erasures that wait; False if none could be ended.

    Raises:
        Outage: the database or the broker is away; what was not ended is, later.
    """
    async with context.database.transaction() as session:
        rows = (await session.execute(CLAIM, {"lease": LEASE_SECONDS, "most": MOST})).all()
    erased = [Erased(row.member_id, frozenset(row.named), frozenset(bytes(mark) for mark in row.marks)) for row in rows]
    if not erased:
        return False
    try:
        ready = await before(context, erased) if before else erased
        if ready:
            await _drop_letters(context, ready, recognise)
            async with context.database.transaction() as session:
                for member_id in (await session.execute(DONE, {"ids": [each.member_id for each in ready]})).scalars().all():
                    await answer(session, member_id)
    finally:
        await _give_back(context, erased)
    return bool(ready)


async def _drop_letters(context: Context, erased: Sequence[Erased], recognise: Recognise | None) -> None:
    def names_them(letter: DeadLetter) -> bool:
        try:
            body = json.loads(letter.body)
        except ValueError:
            # Whose it is cannot be read, only whether one of the ids stands in it.
            return any(str(identifier) in letter.body for each in erased for identifier in each.named)
        if not isinstance(body, dict):
            return False
        return any(each.is_named_in(body) or (recognise is not None and recognise(letter, body, each)) for each in erased)

    await DeadLetters(context.settings.rabbitmq_url, listener=context.name).drop(names_them)


async def _give_back(context: Context, erased: Sequence[Erased]) -> None:
    """End the lease of those that wait still, so that the next try need not."""
    async with context.database.transaction() as session:
        await session.execute(GIVE_BACK, {"ids": [each.member_id for each in erased]})
