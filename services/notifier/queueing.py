"""Turning facts into deliveries: many rows a statement, once for each cause, in the order of their keys."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, LargeBinary, Text, Uuid, bindparam, text
from sqlalchemy import Boolean as Bool

from services.notifier import bell
from services.notifier.addresses import address_key
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

    @property
    def recipient(self) -> bytes:
        """The address's key."""
        return address_key(load().suppression_key, "email", self.address)


QUEUE = text(
    """
    INSERT INTO delivery (id, member_id, contact_id, cause, template, recipient, channel, address, language, transactional,
                          status, reason, due_at, give_up_at)
    SELECT w.id, w.member_id, w.contact_id, w.cause, w.template, w.recipient, 'email', CASE WHEN s.id IS NULL THEN w.address END,
           w.language, w.transactional, CASE WHEN s.id IS NULL THEN 'due' ELSE 'suppressed' END, s.reason,
           coalesce(w.due_at, now()), coalesce(w.due_at, now()) + make_interval(secs => :give_up)
    FROM unnest(:ids, :members, :contacts, :causes, :templates, :recipients, :addresses, :languages, :transactionals, :dues)
         AS w(id, member_id, contact_id, cause, template, recipient, address, language, transactional, due_at)
    LEFT JOIN LATERAL (SELECT id, reason FROM suppression WHERE address_key = w.recipient AND scope = 'all' LIMIT 1) s ON true
    ORDER BY w.cause, w.template, w.recipient
    ON CONFLICT (cause, template, recipient) DO NOTHING
    """
).bindparams(
    *(bindparam(name, type_=ARRAY(Uuid())) for name in ("ids", "members", "contacts", "causes")),
    *(bindparam(name, type_=ARRAY(Text())) for name in ("templates", "addresses", "languages")),
    bindparam("recipients", type_=ARRAY(LargeBinary())),
    bindparam("transactionals", type_=ARRAY(Bool())),
    bindparam("dues", type_=ARRAY(DateTime(timezone=True))),
)

TAKE_TURNS = text(
    """
    INSERT INTO turn AS t (address_key, next_at)
    SELECT w.address_key, now() + w.turns * CAST(:turn AS interval) FROM unnest(:keys, CAST(:turns AS integer[])) AS w(address_key, turns)
    ORDER BY w.address_key
    ON CONFLICT (address_key) DO UPDATE SET next_at = greatest(t.next_at, now()) + (excluded.next_at - now())
    RETURNING address_key, next_at
    """
).bindparams(bindparam("keys", type_=ARRAY(LargeBinary())))

TAKE_FREE_TURNS = text(
    """
    INSERT INTO turn AS t (address_key, next_at)
    SELECT w.address_key, now() + CAST(:turn AS interval) FROM unnest(:keys) AS w(address_key)
    ORDER BY w.address_key
    ON CONFLICT (address_key) DO UPDATE SET next_at = excluded.next_at WHERE t.next_at <= now()
    RETURNING address_key
    """
).bindparams(bindparam("keys", type_=ARRAY(LargeBinary())))

TO_TELL = text(
    """
    SELECT r.member_id, r.language, c.id AS contact_id, c.value AS address, c.address_key
    FROM recipient r JOIN contact c ON c.member_id = r.member_id
    WHERE r.member_id = ANY(:members) AND r.registered AND r.status <> 'erased' AND c.kind = 'email' AND c.value IS NOT NULL
      AND NOT EXISTS (SELECT FROM suppression s WHERE s.address_key = c.address_key)
    """
).bindparams(bindparam("members", type_=ARRAY(Uuid())))


async def queue(session: Transaction, mails: Sequence[Mail]) -> None:
    """Write deliveries, but for those that are there already; to a suppressed address one is written as suppressed, for staff to see."""
    if not mails:
        return
    await session.execute(
        QUEUE,
        {
            "ids": [new_id() for _ in mails],
            "members": [mail.member_id for mail in mails],
            "contacts": [mail.contact_id for mail in mails],
            "causes": [mail.cause for mail in mails],
            "templates": [mail.template for mail in mails],
            "recipients": [mail.recipient for mail in mails],
            "addresses": [mail.address for mail in mails],
            "languages": [mail.language for mail in mails],
            "transactionals": [mail.transactional for mail in mails],
            "dues": [mail.due_at for mail in mails],
            "give_up": load().mail_give_up_seconds,
        },
    )
    after_commit(session, bell.due.ring)


async def queue_in_turn(session: Transaction, mails: Sequence[Mail]) -> None:
    """Write deliveries of which an address gets at most one a day; what is too early waits its day and is not dropped."""
    keys = Counter(mail.recipient for mail in mails)
    if not keys:
        return
    rows = await session.execute(TAKE_TURNS, {"keys": list(keys), "turns": list(keys.values()), "turn": TURN})
    next_at = {bytes(row.address_key): row.next_at for row in rows}
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
    rows = (await session.execute(TO_TELL, {"members": list(repeated)})).all()
    if not rows:
        return
    free = await session.scalars(TAKE_FREE_TURNS, {"keys": list({bytes(row.address_key) for row in rows}), "turn": TURN})
    turns = {bytes(key) for key in free}
    mails = []
    for row in rows:
        if (key := bytes(row.address_key)) in turns:
            turns.discard(key)  # Mother and daughter share it: one mail says it for both.
            cause = repeat_cause(row.member_id, repeated[row.member_id])
            mails.append(Mail(cause, "repeat", row.address, row.language, row.member_id, row.contact_id))
    await queue(session, mails)
