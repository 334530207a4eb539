"""Turning facts into deliveries: many rows a statement, once for each cause, in the order of their keys."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, partial
from uuid import UUID

from services.notifier import handover
from services.notifier.addresses import address_key
from services.notifier.deliveries import Claimed, returning_claimed
from services.notifier.kinds import MANAGE_TURN
from services.notifier.line import Statement, fetch
from services.notifier.model import TURN, Template, repeat_cause
from services.notifier.settings import load
from shared.clock import new_id
from shared.contracts.gateway import Language
from shared.database import Transaction, after_commit


@dataclass(frozen=True)
class Mail:
    """One e-mail to be sent.

    Attributes:
        due_at: None for now.
    """

    cause: UUID
    template: Template
    address: str
    language: Language
    member_id: UUID | None = None
    contact_id: UUID | None = None
    transactional: bool = True
    due_at: datetime | None = None

    @cached_property
    def recipient(self) -> bytes:
        """The address's key."""
        return address_key(load().suppression_key, "email", self.address)


QUEUE = Statement(
    returning_claimed(
        """
        WITH written AS (
            INSERT INTO delivery (id, member_id, contact_id, cause, template, recipient, channel, address, language, transactional,
                                  status, reason, due_at, give_up_at, lease_token)
            SELECT w.id, w.member_id, w.contact_id, w.cause, w.template, w.recipient, 'email', CASE WHEN s.id IS NULL THEN w.address END,
                   w.language, w.transactional, CASE WHEN s.id IS NOT NULL THEN 'suppressed' WHEN l.holds THEN 'sending' ELSE 'due' END,
                   s.reason, CASE WHEN l.holds THEN clock_timestamp() + make_interval(secs => :lease) ELSE coalesce(w.due_at, now()) END,
                   coalesce(w.due_at, now()) + make_interval(secs => :give_up), CASE WHEN l.holds THEN :token::uuid END
            FROM unnest(:ids::uuid[], :members::uuid[], :contacts::uuid[], :causes::uuid[], :templates::text[], :recipients::bytea[],
                        :addresses::text[], :languages::text[], :transactionals::boolean[], :dues::timestamptz[])
                 AS w(id, member_id, contact_id, cause, template, recipient, address, language, transactional, due_at)
            LEFT JOIN LATERAL (SELECT id, reason FROM suppression WHERE address_key = w.recipient AND scope = 'all' LIMIT 1) s ON true
            CROSS JOIN LATERAL (
                SELECT :token::uuid IS NOT NULL AND s.id IS NULL AND coalesce(w.due_at <= now(), true) AS holds
            ) l
            ORDER BY w.cause, w.template, w.recipient
            ON CONFLICT (cause, template, recipient) DO NOTHING
            RETURNING *
        ), claimed AS (SELECT * FROM written WHERE lease_token IS NOT NULL)
        """
    )
)

TAKE_TURNS = Statement(
    """
    INSERT INTO turn AS t (address_key, next_at)
    SELECT w.address_key, now() + w.turns * :turn::interval FROM unnest(:keys::bytea[], :turns::integer[]) AS w(address_key, turns)
    ORDER BY w.address_key
    ON CONFLICT (address_key) DO UPDATE SET next_at = greatest(t.next_at, now()) + (excluded.next_at - now())
    RETURNING address_key, next_at
    """
)

TAKE_FREE_TURNS = Statement(
    """
    INSERT INTO turn AS t (address_key, next_at)
    SELECT w.address_key, now() + :turn::interval FROM unnest(:keys::bytea[]) AS w(address_key)
    ORDER BY w.address_key
    ON CONFLICT (address_key) DO UPDATE SET next_at = excluded.next_at WHERE t.next_at <= now()
    RETURNING address_key
    """
)

TO_TELL = Statement(
    """
    SELECT r.member_id, r.language, c.id AS contact_id, c.value AS address, c.address_key
    FROM recipient r JOIN contact c ON c.member_id = r.member_id
    WHERE r.member_id = ANY(:members::uuid[]) AND r.registered AND r.status <> 'erased' AND c.kind = 'email' AND c.value IS NOT NULL
      AND NOT EXISTS (SELECT FROM suppression s WHERE s.address_key = c.address_key)
    """
)


async def queue(session: Transaction, mails: Sequence[Mail]) -> None:
    """Write deliveries, but for those that are there already; to a suppressed address one is written as suppressed, for staff to see.

    Where a sender of this process has room they are its own from the beginning (see `handover`); else they are due.
    """
    if not mails:
        return
    senders = handover.receivers(session)
    await session.flush()  # What the statement looks up may have been changed a moment ago.
    receiver, lease = next(((each, lease) for each in senders if (lease := each.lease())), (None, None))
    rows = await fetch(
        session,
        QUEUE,
        ids=[new_id() for _ in mails],
        members=[mail.member_id for mail in mails],
        contacts=[mail.contact_id for mail in mails],
        causes=[mail.cause for mail in mails],
        templates=[mail.template for mail in mails],
        recipients=[mail.recipient for mail in mails],
        addresses=[mail.address for mail in mails],
        languages=[mail.language for mail in mails],
        transactionals=[mail.transactional for mail in mails],
        dues=[mail.due_at for mail in mails],
        give_up=load().mail_give_up_seconds,
        token=lease and lease.token,
        lease=lease and lease.seconds,
    )
    if receiver and lease:
        after_commit(session, partial(receiver.receive, [Claimed._make(row) for row in rows], lease))
    else:
        for each in senders:
            after_commit(session, each.look)


async def queue_in_turn(session: Transaction, mails: Sequence[Mail]) -> None:
    """Write deliveries of which an address gets at most one a day; what is too early waits its day and is not dropped."""
    keys = Counter(mail.recipient for mail in mails)
    if not keys:
        return
    rows = await fetch(session, TAKE_TURNS, keys=list(keys), turns=list(keys.values()), turn=TURN)
    next_at = {row["address_key"]: row["next_at"] for row in rows}
    in_turn = []
    for mail in mails:
        in_turn.append(replace(mail, due_at=next_at[mail.recipient] - keys[mail.recipient] * TURN))
        keys[mail.recipient] -= 1
    await queue(session, in_turn)


async def queue_repeats(session: Transaction, repeated: dict[UUID, date]) -> None:
    """Tell members, at the e-mail addresses we know, that they are registered already; no address hears it twice within a day.

    Args:
        repeated: the day of each member's repeat.
    """
    rows = await fetch(session, TO_TELL, members=list(repeated))
    if not rows:
        return
    free = await fetch(session, TAKE_FREE_TURNS, keys=list({row["address_key"] for row in rows}), turn=TURN)
    turns = {row["address_key"] for row in free}
    mails = []
    for row in rows:
        if (key := row["address_key"]) in turns:
            turns.discard(key)  # Mother and daughter share it: one mail says it for both.
            cause = repeat_cause(row["member_id"], repeated[row["member_id"]])
            mails.append(Mail(cause, "repeat", row["address"], row["language"], row["member_id"], row["contact_id"]))
    await queue(session, mails)


async def queue_now_and_then(session: Transaction, mail: Mail) -> None:
    """Write a delivery that anybody can cause who knows the address, unless there was one a few minutes ago."""
    key = address_key(load().suppression_key, "manage", mail.address.casefold())  # A turn of its own: no welcome waits for it.
    if await fetch(session, TAKE_FREE_TURNS, keys=[key], turn=MANAGE_TURN):
        await queue(session, [mail])
