"""Two members who are one person: whom what waits is for, what is said once, and how it is undone.

A contact never changes hands under one id: the kept member has the absorbed one's addresses under new ids, so that states may come in any
order. Consents are the kept member's own state; here only what waits is moved.
"""

from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from services.notifier.line import Statement, fetch
from services.notifier.model import Delivery, Recipient, Withdrawal
from services.notifier.projection import drop_contacts, remember_keys, settle_withdrawals
from shared.contracts.registry import MembersMerged, MembersParted
from shared.database import Transaction

WAITING = ("due", "sending")
LONGEST = 20
"""More merges in a row than anybody makes."""

FOLLOW = Statement(
    """
    UPDATE delivery d SET member_id = :to, contact_id = coalesce(w.became, d.contact_id)
    FROM (SELECT NULL::uuid AS contact_id, NULL::uuid AS became UNION ALL SELECT * FROM unnest(:contacts::uuid[], :became::uuid[])) w
    WHERE d.member_id = :from AND d.contact_id IS NOT DISTINCT FROM w.contact_id
    """
)
GIVE_BACK = Statement(
    """
    UPDATE delivery d SET member_id = :to, contact_id = w.became
    FROM unnest(:contacts::uuid[], :became::uuid[]) AS w(contact_id, became)
    WHERE d.member_id = :from AND d.contact_id = w.contact_id
    """
)
"""By the contact: what was said to it is told of whoever has it."""


async def whose(session: Transaction, member_id: UUID) -> UUID:
    """Return the member that somebody who was merged belongs to now; anybody else is their own."""
    for _ in range(LONGEST):
        found = await session.scalar(select(Recipient.merged_into).where(Recipient.member_id == member_id))
        if found is None:
            break
        member_id = found
    return member_id


async def absorb(session: Transaction, merged: MembersMerged) -> None:
    """Leave of the absorbed member where they lead; an undoing that came first, and an erasure, stand."""
    now = {
        "version": merged.absorbed_version,
        "status": "registered",
        "language": merged.language,
        "information": [],
        "merged_into": merged.member_id,
    }
    leads = insert(Recipient).values(member_id=merged.absorbed_id, registered=True, **now)
    written = leads.on_conflict_do_update(
        index_elements=[Recipient.member_id], set_=now, where=Recipient.version < merged.absorbed_version
    ).returning(Recipient.member_id)
    if await session.scalar(written) is None:
        return
    await drop_contacts(session, merged.absorbed_id)
    contacts = {contact.id: contact for contact in merged.contacts}
    old = [contacts[each.became].model_copy(update={"id": each.contact_id}) for each in merged.moved if each.became in contacts]
    await remember_keys(session, merged.absorbed_id, old)
    await session.execute(update(Withdrawal).where(Withdrawal.member_id == merged.absorbed_id).values(member_id=merged.member_id))
    await settle_withdrawals(session, [merged.member_id])
    kept = await session.get(Recipient, merged.member_id, populate_existing=True)
    if kept is None or kept.status == "erased":
        return  # What waits is erased with the absorbed one, of whom the word is on its way.
    await fetch(
        session,
        FOLLOW,
        **{"from": merged.absorbed_id, "to": merged.member_id},
        contacts=[each.contact_id for each in merged.moved],
        became=[each.became for each in merged.moved],
    )
    await _say_once(session, merged.member_id)


async def _say_once(session: Transaction, member_id: UUID) -> None:
    """Hold back what waits for a member who was told the same at another of their addresses, or will be."""
    said = aliased(Delivery)
    earlier = select(said.id).where(
        said.member_id == Delivery.member_id,
        said.cause == Delivery.cause,
        said.template == Delivery.template,
        said.id < Delivery.id,
        said.status.not_in(("suppressed", "failed")),
    )
    await session.execute(
        update(Delivery)
        .where(Delivery.member_id == member_id, Delivery.status.in_(WAITING), ~Delivery.transactional, earlier.exists())
        .values(status="suppressed", reason="merged", address=None, lease_token=None)
    )


async def give_back(session: Transaction, parted: MembersParted) -> None:
    """Let what was said to a contact be told of whoever has it again."""
    await fetch(
        session,
        GIVE_BACK,
        **{"from": parted.kept_id, "to": parted.member_id},
        contacts=[each.contact_id for each in parted.moved],
        became=[each.became for each in parted.moved],
    )


async def forget(session: Transaction, member_id: UUID) -> None:
    """Delete whatever leads to a member who was erased; those who were merged into them are erased by a word of their own."""
    await session.execute(delete(Withdrawal).where(Withdrawal.member_id == member_id))
    await session.execute(update(Recipient).where(Recipient.merged_into == member_id).values(merged_into=None))
