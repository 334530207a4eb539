"""Submissions in the database: kept with their idempotency keys and announcements in one transaction, and blanked once processed."""

import hmac
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Text, Uuid, bindparam, text

from shared import journey, outbox
from shared.contracts.base import Message
from shared.contracts.gateway import RegistrationSubmitted
from shared.database import Transaction
from shared.errors import Conflict, Contention

KEEP_KEYS = text(
    "INSERT INTO idempotency_key AS kept (scope, key, fingerprint, submission_id)"
    " SELECT * FROM unnest(:scopes, :keys, :fingerprints, :ids)"
    " ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, submission_id = excluded.submission_id, at = now()"
    " WHERE kept.at < now() - interval '24 hours' RETURNING scope, key"
).bindparams(
    *(bindparam(name, type_=ARRAY(Text())) for name in ("scopes", "keys")),
    bindparam("fingerprints", type_=ARRAY(LargeBinary())),
    bindparam("ids", type_=ARRAY(Uuid())),
)
KEPT_KEYS = text(
    "SELECT scope, key, fingerprint, submission_id FROM idempotency_key"
    " JOIN unnest(:scopes, :keys) AS asked (scope, key) USING (scope, key)"
).bindparams(*(bindparam(name, type_=ARRAY(Text())) for name in ("scopes", "keys")))
KEEP = text(
    "INSERT INTO submission (id, way, event, import_id) SELECT * FROM unnest(:ids, :ways, :events, :imports)"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
).bindparams(
    *(bindparam(name, type_=ARRAY(Uuid())) for name in ("ids", "imports")),
    *(bindparam(name, type_=ARRAY(Text())) for name in ("ways", "events")),
)
BLANK = text(
    "UPDATE submission SET status = 'processed', event = NULL FROM"
    " (SELECT id FROM submission WHERE id = ANY(:ids) AND status = 'received' ORDER BY id FOR UPDATE) AS done"
    " WHERE submission.id = done.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))

FORGET_SHEETS = text(
    "WITH ended AS (SELECT import.id FROM submission JOIN import ON import.id = submission.import_id"
    " WHERE submission.id = ANY(:ids) AND import.finished_at IS NOT NULL),"
    " chunks AS (DELETE FROM import_chunk WHERE import_id IN (SELECT id FROM ended))"
    " DELETE FROM import_page WHERE import_id IN (SELECT id FROM ended)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
SHEETS_AT_WORK = text(
    "SELECT 1 FROM submission JOIN import ON import.id = submission.import_id"
    " WHERE submission.id = ANY(:ids) AND import.finished_at IS NULL LIMIT 1"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))


class Said(NamedTuple):
    """One thing said outside.

    Attributes:
        scope: the door that an `Idempotency-Key` belongs to.
        fingerprint: what tells the same body again.
        correlation_id: the journey that begins here.
    """

    message: Message
    key: str | None = None
    fingerprint: bytes = b""
    scope: str = ""
    correlation_id: str | None = None


class Winner(NamedTuple):
    """What an idempotency key was first used for."""

    fingerprint: bytes
    submission_id: UUID


async def keep(session: Transaction, said: Sequence[Said]) -> list[UUID | Conflict | None]:
    """Write and announce what was said, and return each one's answer: its submission's id, or that its key belongs to another body.

    What was kept before, by the same submission id or by the same key and body, is neither written nor announced again; so the same
    call may be repeated when nobody knows whether its commit happened. Keys are written in order, so that two such calls wait
    for each other instead of deadlocking; the loser reads the winner's committed row.

    Raises:
        Contention: a key vanished between two statements; the same call will work when tried again.
    """
    winners = await _keep_keys(session, said)
    fresh = [
        one.message
        for one in said
        if isinstance(one.message, RegistrationSubmitted)
        and (one.key is None or winners[_place(one)].submission_id == one.message.submission_id)
    ]
    written = await write(session, fresh)
    results: list[UUID | Conflict | None] = []
    for one in said:
        identifier = one.message.submission_id if isinstance(one.message, RegistrationSubmitted) else None
        if identifier is None or identifier in written:
            with journey.on(one.correlation_id):
                outbox.put(session, one.message)
        if one.key is None:
            results.append(identifier)
        else:
            winner = winners[_place(one)]
            results.append(winner.submission_id if hmac.compare_digest(winner.fingerprint, one.fingerprint) else Conflict())
    return results


async def _keep_keys(session: Transaction, said: Sequence[Said]) -> dict[tuple[str, str], Winner]:
    """Return who holds each key: the first of these that bears it, or who came with it before."""
    first: dict[tuple[str, str], Said] = {}
    for one in said:
        if one.key is not None:
            first.setdefault(_place(one), one)
    if not first:
        return {}
    places = sorted(first)
    columns = {"scopes": [scope for scope, _ in places], "keys": [key for _, key in places]}
    mine = [Winner(first[place].fingerprint, first[place].message.submission_id) for place in places]  # type: ignore[attr-defined]
    rows = await session.execute(
        KEEP_KEYS, {**columns, "fingerprints": [winner.fingerprint for winner in mine], "ids": [winner.submission_id for winner in mine]}
    )
    winners = dict(zip(places, mine, strict=True))
    kept = {(row.scope, row.key) for row in rows}
    lost = [place for place in places if place not in kept]
    if lost:
        found = await session.execute(KEPT_KEYS, {"scopes": [scope for scope, _ in lost], "keys": [key for _, key in lost]})
        earlier = {(row.scope, row.key): Winner(row.fingerprint, UUID(int=row.submission_id.int)) for row in found}
        if len(earlier) < len(lost):
            raise Contention("an idempotency key was forgotten while we looked")
        winners.update(earlier)
    return winners


def _place(one: Said) -> tuple[str, str]:
    return one.scope, one.key or ""


async def write(session: Transaction, submissions: Sequence[RegistrationSubmitted]) -> set[UUID]:
    """Write submissions, announcing nothing, and return the ids of those that were not there before."""
    if not submissions:
        return set()
    ordered = sorted(submissions, key=lambda submission: submission.submission_id.int)
    rows = await session.execute(
        KEEP,
        {
            "ids": [one.submission_id for one in ordered],
            "ways": [one.way for one in ordered],
            "events": [one.model_dump_json() for one in ordered],
            "imports": [one.import_id for one in ordered],
        },
    )
    return set(rows.scalars())


async def hear(session: Transaction, submissions: Sequence[RegistrationSubmitted]) -> None:
    """Write submissions, and announce those that were not there before."""
    written = await write(session, submissions)
    for one in submissions:
        if one.submission_id in written:
            outbox.put(session, one)


async def status(session: Transaction, submission_id: UUID) -> str | None:
    """Return `received` or `processed`; None for an id that was never given."""
    rows = await session.execute(text("SELECT status FROM submission WHERE id = :id"), {"id": submission_id})
    found: str | None = rows.scalar_one_or_none()
    return found


async def blank(session: Transaction, submission_ids: Iterable[UUID]) -> None:
    """Forget what was said in these submissions; their ids and that they are processed stay."""
    if ids := sorted(set(submission_ids)):
        await session.execute(BLANK, {"ids": ids})


async def forget_sheets(session: Transaction, submission_ids: Iterable[UUID]) -> None:
    """Delete the files of finished imports in which one of these submissions stood; what came of their rows stays known."""
    if ids := sorted(set(submission_ids)):
        await session.execute(FORGET_SHEETS, {"ids": ids})


async def stand_in_sheets(session: Transaction, submission_ids: Iterable[UUID]) -> bool:
    """Tell whether one of these submissions stands in a file that is still being worked through."""
    return (await session.execute(SHEETS_AT_WORK, {"ids": sorted(set(submission_ids))})).first() is not None
