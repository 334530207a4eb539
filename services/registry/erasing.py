"""Erasing a member: nothing personal stays, what still comes for them is refused, and every service says when it is done."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Text, bindparam, delete, select, text

from services.registry import marking, records
from services.registry.duplicates import leading
from services.registry.duplicates.acts import erase_halves
from services.registry.model import Member, Repeat
from shared.contracts.base import Message
from shared.contracts.gateway import ErasureRequested, RegistrationSubmitted
from shared.contracts.registry import MemberErased
from shared.database import Transaction
from shared.erasing import note_erased
from shared.errors import Unknown
from shared.outbox import put

KEEP_OUT = text("INSERT INTO erased_mark (mark, at) SELECT mark, :at FROM unnest(:marks) AS mark ON CONFLICT DO NOTHING").bindparams(
    bindparam("marks", type_=ARRAY(LargeBinary()))
)
KEPT_OUT = text("SELECT mark FROM erased_mark WHERE mark = ANY (:marks)").bindparams(bindparam("marks", type_=ARRAY(LargeBinary())))
FORGET_KEY_PEOPLE = text(
    "DELETE FROM key_person WHERE member_id = :member_id OR (contact_key = ANY (:keys) AND name_key = ANY (:names))"
).bindparams(bindparam("keys", type_=ARRAY(Text())), bindparam("names", type_=ARRAY(Text())))
"""Whoever was noted as somebody to win, and is erased as a member, is erased there, too."""
BEGIN = text("INSERT INTO erasure (member_id, at) VALUES (:member_id, :at) ON CONFLICT DO NOTHING")
FORGET_ANNOUNCEMENTS = text("DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE body LIKE :named FOR UPDATE SKIP LOCKED)")
GIVE_RECEIPT = text(
    "INSERT INTO erasure_receipt (number, member_id) SELECT :number, member_id FROM erasure WHERE member_id = :member_id"
    " ON CONFLICT DO NOTHING"
)
ANSWERED = text(
    "INSERT INTO erasure_answer (member_id, service, at) SELECT member_id, :service, :at FROM erasure WHERE member_id = :member_id"
    " ON CONFLICT DO NOTHING"
)


async def erase(session: Transaction, member: Member, *, at: datetime, cause: Message | None = None) -> None:
    """Delete all that is held about a member, leave tombstones and marks, and announce it.

    Whoever was merged into them is erased with them: it is one person. The caller holds the locks of the member's row and of every contact.
    """
    repeats = (await session.execute(select(Repeat.submission_id).where(Repeat.member_id == member.id))).scalars()
    submission_ids = (member.submission_id, *repeats)
    keys, names = {contact.value_key for contact in member.contacts}, {member.name_key, *member.known_as}
    contact_ids = [contact.id for contact in member.contacts]
    halves, led = await erase_halves(session, member.id, contact_ids)
    await records.bury(session, [member.id, *halves, *submission_ids, *contact_ids, *led], at=at)
    await session.execute(KEEP_OUT, {"marks": sorted(marking.person_mark(key, name) for key in keys for name in names), "at": at})
    for each in (member.id, *halves):
        await session.execute(text("SELECT erase_consents(:member_id)"), {"member_id": each})
    await session.execute(FORGET_KEY_PEOPLE, {"member_id": member.id, "keys": sorted(keys), "names": sorted(names)})
    session.expunge(member)
    await session.execute(delete(Member).where(Member.id == member.id))  # Contacts and repeats go with it.
    # What has not gone out yet would be refused where it arrives; where nothing goes out, it must not wait here either.
    marks = set[bytes]().union(*(marking.all_marks(keys, name) for name in names))
    for each in (member.id, *halves):
        await session.execute(FORGET_ANNOUNCEMENTS, {"named": f'%"member_id":"{each}"%'})
        await session.execute(BEGIN, {"member_id": each, "at": at})
        await note_erased(session, each, named=submission_ids, marks=marks)
        put(session, MemberErased(member_id=each, submission_ids=submission_ids), cause=cause)
    await unshare(session, member.id, keys, cause=cause)


async def erase_if_here(session: Transaction, member_id: UUID, *, at: datetime, cause: Message | None = None) -> bool:
    """Erase a member by their id, or by one that they had before a merge, under all locks that it takes; False if there is none."""
    member: UUID | None = member_id
    while member is not None:
        member_id, member = member, None
        await records.lock_contacts(session, (await records.keys_of(session, member_id)).values())
        for found in await records.members_for_update(session, [member_id]):
            # A merge that we waited for has brought contacts of its own.
            await records.lock_contacts(session, (contact.value_key for contact in found.contacts))
            await erase(session, found, at=at, cause=cause)
            return True
        if (now_id := await leading.whose(session, member_id)) != member_id:
            member = now_id
    return False


async def erase_on_request(session: Transaction, request: ErasureRequested) -> None:
    """Erase the member who asked for it, and keep the number of the receipt; a second request gets a receipt of the same erasure.

    Raises:
        Unknown: there never was such a member.
    """
    if not await erase_if_here(session, request.member_id, at=request.at, cause=request) and not await records.is_gone(
        session, request.member_id
    ):
        raise Unknown("no such member")
    await give_receipt(session, request.member_id, request.receipt)


async def give_receipt(session: Transaction, member_id: UUID, number: str) -> None:
    """Show what becomes of this member's erasure under this number."""
    await session.execute(GIVE_RECEIPT, {"member_id": member_id, "number": number})


async def note_answer(session: Transaction, member_id: UUID, service: str, at: datetime) -> None:
    """Note that a service has erased a member; a second answer changes nothing."""
    await session.execute(ANSWERED, {"member_id": member_id, "service": service, "at": at})


async def kept_out(session: Transaction, submissions: Sequence[RegistrationSubmitted]) -> set[UUID]:
    """Return which of these submissions would bring back somebody who was erased."""
    marks = {submission.submission_id: marking.marks_of(submission) for submission in submissions}
    if not marks:
        return set()
    found = await session.execute(KEPT_OUT, {"marks": sorted(set().union(*marks.values()))})
    held = {bytes(mark) for mark in found.scalars()}
    return {submission_id for submission_id, own in marks.items() if held & own}


async def readmit(session: Transaction, contact_key: str, name_key: str) -> None:
    """Let a person back in who has registered and confirmed it: nobody but they can."""
    await session.execute(text("DELETE FROM erased_mark WHERE mark = :mark"), {"mark": marking.person_mark(contact_key, name_key)})


async def unshare(session: Transaction, leaver_id: UUID, keys: Iterable[str], *, cause: Message | None = None) -> None:
    """Note which of these contacts belong to one member only, now that another has left them."""
    holders = await records.holders_of(session, keys)
    alone = {key: [h for h in found if h.member_id != leaver_id] for key, found in holders.items()}
    alone = {key: found for key, found in alone.items() if len(found) == 1}
    for member in await records.members_for_update(session, [found[0].member_id for found in alone.values()]):
        if changed := member.share({key for key, found in alone.items() if found[0].member_id == member.id}, False):
            put(session, changed, cause=cause)
