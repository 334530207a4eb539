"""Erasing a member: nothing personal stays, and what still comes for them is refused."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text

from services.registry import records
from services.registry.model import Member, Repeat
from shared.contracts.base import Message
from shared.contracts.registry import MemberErased
from shared.database import Transaction
from shared.outbox import put


async def erase(session: Transaction, member: Member, *, at: datetime, cause: Message | None = None) -> None:
    """Delete all that is held about a member, leave tombstones and announce it.

    The caller holds the locks of the member's row and of every contact.
    """
    repeats = (await session.execute(select(Repeat.submission_id).where(Repeat.member_id == member.id))).scalars()
    submission_ids = (member.submission_id, *repeats)
    keys = {contact.value_key for contact in member.contacts}
    await records.bury(session, [member.id, *submission_ids, *(contact.id for contact in member.contacts)], at=at)
    await session.execute(text("SELECT erase_consents(:member_id)"), {"member_id": member.id})
    session.expunge(member)
    await session.execute(delete(Member).where(Member.id == member.id))  # Contacts and repeats go with it.
    put(session, MemberErased(member_id=member.id, submission_ids=submission_ids), cause=cause)
    await unshare(session, member.id, keys, cause=cause)


async def unshare(session: Transaction, leaver_id: UUID, keys: Iterable[str], *, cause: Message | None = None) -> None:
    """Note which of these contacts belong to one member only, now that another has left them."""
    holders = await records.holders_of(session, keys)
    alone = {key: [h for h in found if h.member_id != leaver_id] for key, found in holders.items()}
    alone = {key: found for key, found in alone.items() if len(found) == 1}
    for member in await records.members_for_update(session, [found[0].member_id for found in alone.values()]):
        if changed := member.share({key for key, found in alone.items() if found[0].member_id == member.id}, False):
            put(session, changed, cause=cause)
