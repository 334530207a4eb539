"""The sender's statements: claim what is due under a lease, record what became of it, give it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, Double, Integer, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from services.notifier.model import Status, Template
from shared.contracts.gateway import Language
from shared.database import Transaction
from shared.permission import Standing

# What is looked up for each claimed row is LATERAL with a LIMIT or an aggregate: so it goes by index, and never by a hash of a whole table.
CLAIM = text(
    """
    WITH urgent AS (
        SELECT id FROM delivery WHERE status IN ('due', 'sending') AND transactional AND due_at <= now()
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
    ), bulk AS (
        SELECT id FROM delivery WHERE status IN ('due', 'sending') AND NOT transactional AND due_at <= now()
        ORDER BY due_at LIMIT (SELECT :most - count(*) FROM urgent) FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE delivery d SET status = 'sending', lease_token = :token, due_at = now() + make_interval(secs => :lease)
        FROM (SELECT id FROM urgent UNION ALL SELECT id FROM bulk) n
        WHERE d.id = n.id
        RETURNING d.id, d.member_id, d.contact_id, d.cause, d.template, d.language, d.address, d.recipient, d.transactional, d.attempts
    )
    SELECT c.*, now() AS at, v.name, v.talk_title, v.deadline,
           coalesce(s.suppressed, false) AS suppressed, coalesce(s.silenced, false) AS silenced,
           coalesce(r.status = 'erased', false) OR coalesce(k.gone, false) AS erased,
           coalesce(k.confirmed, false) AS confirmed,
           coalesce('email' = ANY(r.information), false) AND NOT EXISTS (
               SELECT FROM withdrawal w WHERE w.member_id = c.member_id
               AND CASE WHEN w.channel IS NOT NULL THEN w.channel = 'email' ELSE coalesce(w.contact_id = c.contact_id, true) END
           ) AS consented
    FROM claimed c
    LEFT JOIN LATERAL (SELECT status, information FROM recipient WHERE member_id = c.member_id LIMIT 1) r ON true
    LEFT JOIN LATERAL (
        SELECT value IS NULL AS gone, confirmed_at IS NOT NULL AS confirmed FROM contact WHERE id = c.contact_id LIMIT 1
    ) k ON true
    LEFT JOIN LATERAL (SELECT name, talk_title, deadline FROM invitation WHERE id = c.cause AND c.member_id IS NULL LIMIT 1) v ON true
    LEFT JOIN LATERAL (
        SELECT bool_or(scope = 'all') AS suppressed, bool_or(scope = 'information') AS silenced
        FROM suppression WHERE address_key = c.recipient
    ) s ON true
    """
).bindparams(bindparam("token", type_=Uuid()), bindparam("most", type_=Integer()))

RECORD = text(
    """
    UPDATE delivery d
       SET status = CASE WHEN w.status = 'due' AND w.spent > 0 AND d.give_up_at < now() THEN 'failed' ELSE w.status END,
           attempts = d.attempts + w.spent,
           reason = w.reason,
           due_at = now() + make_interval(secs => w.pause),
           sent_at = CASE WHEN w.status = 'sent' THEN now() END,
           address = CASE WHEN w.status = 'due' AND (w.spent = 0 OR d.give_up_at >= now()) THEN d.address END,
           lease_token = NULL
      FROM unnest(:ids, :tokens, :statuses, :spent, :reasons, :pauses) AS w(id, token, status, spent, reason, pause)
     WHERE d.id = w.id AND d.lease_token = w.token
    RETURNING d.id
    """
).bindparams(
    *(bindparam(name, type_=ARRAY(Uuid())) for name in ("ids", "tokens")),
    *(bindparam(name, type_=ARRAY(Text())) for name in ("statuses", "reasons")),
    bindparam("spent", type_=ARRAY(Integer())),
    bindparam("pauses", type_=ARRAY(Double())),
)

_RECORD_AT_ONCE = RECORD.compile(dialect=PGDialect_asyncpg())  # type: ignore[no-untyped-call]

EXTEND = text(
    """
    UPDATE delivery d SET due_at = now() + make_interval(secs => :lease)
      FROM unnest(:ids, :tokens) AS w(id, token) WHERE d.id = w.id AND d.lease_token = w.token
    RETURNING d.id
    """
).bindparams(*(bindparam(name, type_=ARRAY(Uuid())) for name in ("ids", "tokens")))

WAITING = text(
    """
    SELECT count(*) AS due, coalesce(extract(epoch FROM now() - min(due_at)), 0) AS oldest_seconds
    FROM delivery WHERE status IN ('due', 'sending') AND due_at <= now()
    """
)


@dataclass(frozen=True)
class Claimed:
    """A delivery that is ours until `good_until`.

    Attributes:
        at: the database's time of the claim.
    """

    id: UUID
    token: UUID
    member_id: UUID | None
    contact_id: UUID | None
    template: Template
    language: Language
    address: str
    recipient: bytes
    transactional: bool
    attempts: int
    cause: UUID
    at: datetime
    name: str
    talk_title: str
    deadline: datetime | None
    standing: Standing


@dataclass(frozen=True)
class Outcome:
    """What became of a claimed delivery.

    Attributes:
        status: `due` for another try.
        spent: whether this was an attempt.
        pause_seconds: until the next try.
        undeliverable: the address is to be suppressed, and its owner told.
    """

    claimed: Claimed
    status: Status
    spent: bool = False
    reason: str | None = None
    pause_seconds: float = 0.0
    undeliverable: bool = False


async def claim(session: Transaction, token: UUID, *, most: int, lease_seconds: float) -> list[Claimed]:
    """Take the longest due deliveries, transactional ones first; those that another sender holds are passed over."""
    rows: Sequence[Any] = (await session.execute(CLAIM, {"token": token, "most": most, "lease": lease_seconds})).all()
    return [
        Claimed(
            row.id,
            token,
            row.member_id,
            row.contact_id,
            row.template,
            row.language,
            row.address or "",
            bytes(row.recipient),
            row.transactional,
            row.attempts,
            row.cause,
            row.at,
            row.name or "",
            row.talk_title or "",
            row.deadline,
            Standing(row.suppressed, row.silenced, row.consented, row.confirmed, row.erased),
        )
        for row in rows
    ]


def _columns(outcomes: Sequence[Outcome]) -> dict[str, list[Any]]:
    ordered = sorted(outcomes, key=lambda outcome: outcome.claimed.id)
    return {
        "ids": [outcome.claimed.id for outcome in ordered],
        "tokens": [outcome.claimed.token for outcome in ordered],
        "statuses": [outcome.status for outcome in ordered],
        "spent": [int(outcome.spent) for outcome in ordered],
        "reasons": [outcome.reason for outcome in ordered],
        "pauses": [outcome.pause_seconds for outcome in ordered],
    }


async def record(session: Transaction, outcomes: Sequence[Outcome]) -> set[UUID]:
    """Write outcomes and return the deliveries that were still ours; for any other the write does nothing."""
    return set(await session.scalars(RECORD, _columns(outcomes)))


async def record_at_once(connection: asyncpg.Connection, outcomes: Sequence[Outcome]) -> None:
    """Do the same as one statement that is its own transaction: a third of the work of a session's."""
    columns = _columns(outcomes)
    await connection.execute(_RECORD_AT_ONCE.string, *(columns[name] for name in _RECORD_AT_ONCE.positiontup or ()))


async def extend(session: Transaction, held: Sequence[Claimed], *, lease_seconds: float) -> set[UUID]:
    """Prolong leases and return the deliveries that are still ours."""
    ordered = sorted(held, key=lambda claimed: claimed.id)
    ids, tokens = [claimed.id for claimed in ordered], [claimed.token for claimed in ordered]
    return set(await session.scalars(EXTEND, {"ids": ids, "tokens": tokens, "lease": lease_seconds}))
