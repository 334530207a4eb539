"""The sender's statements: claim what is due under a lease, record what became of it, prolong it."""

from collections.abc import Iterable
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from services.notifier.line import Line, Statement, fetch
from services.notifier.model import Status, Template
from shared.clock import new_id
from shared.contracts.gateway import Language
from shared.database import Transaction
from shared.permission import Standing

# What is looked up for each row is LATERAL with a LIMIT or an aggregate: so it goes by index, and never by a hash of a whole table.
CLAIMED = """
    SELECT c.id, c.lease_token, c.member_id, c.contact_id, c.cause, c.template, c.language, c.address, c.recipient, c.transactional,
           c.attempts, now(), coalesce(v.name, ''), coalesce(v.talk_title, ''), v.deadline,
           coalesce(s.suppressed, false), coalesce(s.silenced, false),
           NOT c.transactional AND coalesce('email' = ANY(r.information), false) AND NOT EXISTS (
               SELECT FROM withdrawal w WHERE w.member_id = c.member_id
               AND CASE WHEN w.channel IS NOT NULL THEN w.channel = 'email' ELSE coalesce(w.contact_id = c.contact_id, true) END
           ),
           coalesce(k.confirmed, false), coalesce(r.status = 'erased', false) OR coalesce(k.gone, false)
    FROM claimed c
    LEFT JOIN LATERAL (SELECT status, information FROM recipient WHERE member_id = c.member_id LIMIT 1) r ON true
    LEFT JOIN LATERAL (
        SELECT value IS NULL AS gone, confirmed_at IS NOT NULL AS confirmed FROM contact WHERE id = c.contact_id LIMIT 1
    ) k ON true
    LEFT JOIN LATERAL (
        SELECT name, talk_title, deadline FROM invitation WHERE id = c.cause AND c.member_id IS NULL
        UNION ALL SELECT office, said, at FROM consent_receipt WHERE id = c.cause AND c.template = 'consent_receipt' LIMIT 1
    ) v ON true
    LEFT JOIN LATERAL (
        SELECT bool_or(scope = 'all') AS suppressed, bool_or(scope = 'information') AS silenced
        FROM suppression WHERE address_key = c.recipient
    ) s ON true
"""


def returning_claimed(statement: str) -> str:
    """Return the statement that gives, of the rows of its CTE named `claimed`, the columns of `Claimed`."""
    return statement + CLAIMED


CLAIM = Statement(
    returning_claimed(
        """
        WITH urgent AS (
            SELECT id FROM delivery WHERE status IN ('due', 'sending') AND transactional AND due_at <= now()
            ORDER BY due_at LIMIT :urgent FOR UPDATE SKIP LOCKED
        ), bulk AS (
            SELECT id FROM delivery WHERE status IN ('due', 'sending') AND NOT transactional AND due_at <= now()
            ORDER BY due_at LIMIT :bulk FOR UPDATE SKIP LOCKED
        ), claimed AS (
            UPDATE delivery d SET status = 'sending', lease_token = :token, due_at = now() + make_interval(secs => :lease)
            FROM (SELECT id FROM urgent UNION ALL SELECT id FROM bulk) n
            WHERE d.id = n.id
            RETURNING d.*
        )
        """
    )
)

RECORD = Statement(
    """
    UPDATE delivery d
       SET status = CASE WHEN w.status = 'due' AND w.spent > 0 AND d.give_up_at < now() THEN 'failed' ELSE w.status END,
           attempts = d.attempts + w.spent,
           reason = w.reason,
           due_at = now() + make_interval(secs => w.pause),
           sent_at = CASE WHEN w.status = 'sent' THEN now() END,
           address = CASE WHEN w.status = 'due' AND (w.spent = 0 OR d.give_up_at >= now()) THEN d.address END,
           lease_token = NULL
      FROM unnest(:ids::uuid[], :tokens::uuid[], :statuses::text[], :spent::integer[], :reasons::text[], :pauses::double precision[])
           AS w(id, token, status, spent, reason, pause)
     WHERE d.id = w.id AND d.lease_token = w.token
    RETURNING d.id
    """
)

EXTEND = Statement(
    """
    UPDATE delivery d SET due_at = now() + make_interval(secs => :lease)
      FROM unnest(:ids::uuid[], :tokens::uuid[]) AS w(id, token) WHERE d.id = w.id AND d.lease_token = w.token
    RETURNING d.id
    """
)

WAITING = Statement(
    """
    SELECT count(*) AS due, coalesce(extract(epoch FROM now() - min(due_at)), 0) AS oldest_seconds
    FROM delivery WHERE status IN ('due', 'sending') AND due_at <= now()
    """
)


class Lease(NamedTuple):
    """One sender's right to deliveries, for a while; every write that ends it names its token.

    Attributes:
        good_until: when it ends, by this process's monotonic clock; never later than by the database's.
    """

    token: UUID
    seconds: float
    good_until: float

    @classmethod
    def begun(cls, seconds: float) -> "Lease":
        """Return a lease that begins now, before the statement that writes it."""
        return cls(new_id(), seconds, monotonic() + seconds)


class Claimed(NamedTuple):
    """A delivery that is ours under a lease; the fields are the columns of `CLAIMED`.

    Attributes:
        at: the database's time of the claim.
        name: of whom an invitation invites, with talk and deadline; of a receipt: the office, what was said, and when.
        suppressed: and all after it: see `Standing`.
    """

    id: UUID
    token: UUID
    member_id: UUID | None
    contact_id: UUID | None
    cause: UUID
    template: Template
    language: Language
    address: str
    recipient: bytes
    transactional: bool
    attempts: int
    at: datetime
    name: str
    talk_title: str
    deadline: datetime | None
    suppressed: bool
    silenced: bool
    consented: bool
    confirmed: bool
    erased: bool

    @property
    def standing(self) -> Standing:
        """What is known of its contact."""
        return Standing(*self[-5:])


class Outcome(NamedTuple):
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


async def claim(line: Line, lease: Lease, *, urgent: int, bulk: int) -> list[Claimed]:
    """Take the longest due deliveries, so many of each kind; those that another sender holds are passed over."""
    rows = await line.fetch(CLAIM, token=lease.token, lease=lease.seconds, urgent=urgent, bulk=bulk)
    return [Claimed._make(row) for row in rows]


def _columns(outcomes: Iterable[Outcome]) -> dict[str, list[Any]]:
    ordered = sorted(outcomes, key=lambda outcome: outcome.claimed.id)
    return {
        "ids": [outcome.claimed.id for outcome in ordered],
        "tokens": [outcome.claimed.token for outcome in ordered],
        "statuses": [outcome.status for outcome in ordered],
        "spent": [int(outcome.spent) for outcome in ordered],
        "reasons": [outcome.reason for outcome in ordered],
        "pauses": [outcome.pause_seconds for outcome in ordered],
    }


async def record(session: Transaction, outcomes: Iterable[Outcome]) -> set[UUID]:
    """Write outcomes and return the deliveries that were still ours; for any other the write does nothing."""
    return {row["id"] for row in await fetch(session, RECORD, **_columns(outcomes))}


async def record_at_once(line: Line, outcomes: Iterable[Outcome]) -> None:
    """Do the same as one statement that is its own transaction: a third of the work of a session's."""
    await line.fetch(RECORD, **_columns(outcomes))


async def extend(line: Line, held: Iterable[Claimed], *, lease_seconds: float) -> set[UUID]:
    """Prolong leases and return the deliveries that are still ours."""
    ordered = sorted(held, key=lambda claimed: claimed.id)
    ids, tokens = [claimed.id for claimed in ordered], [claimed.token for claimed in ordered]
    return {row["id"] for row in await line.fetch(EXTEND, ids=ids, tokens=tokens, lease=lease_seconds)}
