"""Messages in."""

from uuid import UUID

from services.forum.editions import fill_places, lock_invitation, places_left
from shared import outbox
from shared.clock import now
from shared.contracts.forum import ErasureCompleted
from shared.contracts.gateway import InvitationAnswered
from shared.contracts.registry import MemberErased
from shared.database import Transaction
from shared.delivery import Listener
from shared.erasing import note_erased
from shared.errors import Unknown

listener = Listener("forum")


@listener.each(InvitationAnswered)
async def answer_invitation(answer: InvitationAnswered, session: Transaction) -> None:
    """Record an invited person's yes or no, and announce what is new; a place that became free goes to whoever waited longest.

    Raises:
        Unknown: nobody was invited under this id; the delivery is dead-lettered.
    """
    invitation = await lock_invitation(session, answer.invitation_id)
    if invitation is None:
        raise Unknown(f"there is no invitation {answer.invitation_id}")
    if announced := invitation.answer(answer, places_left=await places_left(session, invitation.edition_id)):
        outbox.put(session, announced, cause=answer)
    for moved_up in await fill_places(session, invitation.edition_id, answer.at):
        outbox.put(session, moved_up, cause=answer)


@listener.each(MemberErased)
async def forget_member(erased: MemberErased, session: Transaction) -> None:
    """Look for what names a member who is gone. An invitation is not theirs as a member: it stays until the team or they end it."""
    await note_erased(session, erased.member_id, named=erased.submission_ids)


async def answer_erasure(session: Transaction, member_id: UUID) -> None:
    """Say that nothing about an erased member is left here."""
    outbox.put(session, ErasureCompleted(member_id=member_id, at=now()))
