"""Codes that were made anew, as keyed marks; and how often somebody tried."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text

from services.registry import marking
from services.registry.codes.rules import Candidate, Kind
from services.registry.records import MOST_AT_ONE_CONTACT
from shared.codes import new_code
from shared.database import Transaction

CALL_HOURS = 24
"""How long a code that was read out works; once, if it is used."""
MOST_AN_HOUR = 5
MOST_A_DAY = 20
"""Tries with one contact. Whoever reaches that is told to wait, be the contact known or not."""
MOST_FORGOTTEN = 100

KEEP = text(
    "INSERT INTO member_code (member_id, kind, mark) VALUES (:member_id, :kind, :mark)"
    " ON CONFLICT (member_id, kind) DO UPDATE SET mark = excluded.mark, at = now()"
)
SPEND = text("DELETE FROM member_code WHERE member_id = :member_id AND kind = 'call' AND mark = :mark RETURNING 1")
CANDIDATES = text(
    """
    SELECT member.id, member.submission_id, member.status = 'confirmed' AS confirmed, own.mark AS own, call.mark AS call,
        EXISTS (
            SELECT FROM contact WHERE contact.member_id = member.id AND contact.kind = 'email'
            AND contact.confirmed_at IS NOT NULL AND NOT contact.shared AND contact.undeliverable_at IS NULL
        ) AS mailbox
    FROM member
    LEFT JOIN member_code AS own ON own.member_id = member.id AND own.kind = 'own'
    LEFT JOIN member_code AS call ON call.member_id = member.id AND call.kind = 'call' AND call.at > now() - make_interval(hours => :hours)
    WHERE member.id IN (SELECT member_id FROM contact WHERE value_key = ANY (:keys)) ORDER BY member.id LIMIT :most
    """
).bindparams(bindparam("keys", type_=ARRAY(Text())))
NEEDED = text(
    """
    SELECT status = 'confirmed' AND NOT EXISTS (
        SELECT FROM contact WHERE contact.member_id = member.id AND contact.kind = 'email'
        AND contact.confirmed_at IS NOT NULL AND NOT contact.shared AND contact.undeliverable_at IS NULL
    ) FROM member WHERE id = :member_id
    """
)
COUNT = text(
    """
    INSERT INTO code_try AS kept (mark, hour, tries) VALUES (:mark, date_trunc('hour', now()), 1)
    ON CONFLICT (mark, hour) DO UPDATE SET tries = kept.tries + 1
    RETURNING tries, (SELECT coalesce(sum(tries), 0) FROM code_try WHERE mark = :mark AND hour > now() - interval '1 day') AS before
    """
)
FORGET = text(
    "DELETE FROM code_try WHERE ctid = ANY (ARRAY("
    "SELECT ctid FROM code_try WHERE hour < now() - interval '25 hours' LIMIT :most FOR UPDATE SKIP LOCKED))"
)


FORGET_READ_OUT = text("DELETE FROM member_code WHERE kind = 'call' AND at < now() - make_interval(hours => :hours)")
"""Few are read out in a day."""


async def forget_old(session: Transaction) -> None:
    """Forget tries that count no more, and codes that were read out and open nothing any more; some at a time."""
    await session.execute(FORGET, {"most": 100 * MOST_FORGOTTEN})
    await session.execute(FORGET_READ_OUT, {"hours": CALL_HOURS})


async def make(session: Transaction, member_id: UUID, kind: Kind) -> str:
    """Make a code anew and return it; the one before it opens nothing any more. The caller has seen that the member is here."""
    code = new_code()
    await session.execute(KEEP, {"member_id": member_id, "kind": kind, "mark": marking.code_mark(member_id, code)})
    return code


async def spend(session: Transaction, member_id: UUID, code: str) -> bool:
    """Use up a code that was read out; of two who use it at once, one may."""
    spent = await session.execute(SPEND, {"member_id": member_id, "mark": marking.code_mark(member_id, code)})
    return spent.first() is not None


async def may_try(session: Transaction, keys: Sequence[str]) -> bool:
    """Count a try with a contact, and tell whether it may be looked at. The caller commits, whatever comes of it."""
    counted = (await session.execute(COUNT, {"mark": marking.try_mark(sorted(keys))})).one()
    await session.execute(FORGET, {"most": MOST_FORGOTTEN})
    return bool(counted.tries <= MOST_AN_HOUR and counted.before < MOST_A_DAY)


async def candidates(session: Transaction, keys: Sequence[str]) -> list[Candidate]:
    """Return the members who have one of these contacts."""
    rows = await session.execute(CANDIDATES, {"keys": list(keys), "hours": CALL_HOURS, "most": MOST_AT_ONE_CONTACT})
    return [Candidate(row.id, row.submission_id, row.confirmed, row.mailbox, row.own, row.call) for row in rows]


async def is_needed(session: Transaction, member_id: UUID) -> bool:
    """Tell whether a member opens their page by a code, since no mailbox is theirs alone."""
    return bool(await session.scalar(NEEDED, {"member_id": member_id}))
