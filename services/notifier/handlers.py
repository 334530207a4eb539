"""Messages in. Facts about people change what we hold; facts that somebody must hear of become deliveries."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.notifier import forum_mail, merging, own_contacts, receipts
from services.notifier.kinds import MANAGE_TEMPLATES
from services.notifier.model import CHANNELS_OF, ERASED, Contact, Delivery, Recipient, Withdrawal
from services.notifier.projection import drop_contacts, key_of, settle_withdrawals, suppress, write_states
from services.notifier.queueing import Mail, queue, queue_in_turn, queue_now_and_then, queue_repeats
from shared.clock import new_id, now
from shared.contracts.forum import SpeakerConfirmed, SpeakerDeclined, SpeakerInvited, TeamChanged
from shared.contracts.gateway import ConsentWithdrawn, ContactConfirmed, ContactDisowned
from shared.contracts.notifier import ErasureCompleted
from shared.contracts.registry import (
    ConsentRecorded,
    ContactsChanged,
    ManageLinkDecided,
    MemberChanged,
    MemberErased,
    MemberRegistered,
    MembersMerged,
    MembersParted,
    PartnerBriefed,
    RegistrationRepeated,
)
from shared.database import Transaction
from shared.delivery import Listener
from shared.erasing import note_erased
from shared.outbox import put

listener = Listener("notifier")

WAITING = Delivery.status.in_(("due", "sending"))


@listener.batch(MemberRegistered)
async def queue_welcomes(registrations: Sequence[MemberRegistered], session: Transaction) -> None:
    """Keep the new members, and queue for each unconfirmed address the mail that asks for its confirmation."""
    accepted = await write_states(session, registrations)
    late = [member for member in registrations if member.member_id not in accepted]
    mails = [
        Mail(member.member_id, "welcome", contact.value, member.language, member.member_id, contact.id)
        for member in registrations
        if member.member_id in accepted and not member.again
        for contact in member.contacts
        if contact.kind == "email" and contact.confirmed_at is None
    ]
    if late:
        mails += await _welcomes_of_known(session, late)
    await queue_in_turn(session, mails)


async def _welcomes_of_known(session: Transaction, late: Sequence[MemberRegistered]) -> list[Mail]:
    """Return the welcomes of members whose newer state, or a merge, overtook their registration; the erased have none."""
    by_id = {member.member_id: member for member in late}
    known = await session.scalars(
        update(Recipient).where(Recipient.member_id.in_(by_id), Recipient.status != "erased").values(registered=True).returning(Recipient)
    )
    mails = []
    for recipient in known:
        said = by_id[recipient.member_id]
        holder = await merging.whose(session, recipient.member_id)
        keys = [key_of(contact.kind, contact.value) for contact in said.contacts if contact.kind == "email"]
        unconfirmed = select(Contact).where(Contact.kind == "email", Contact.confirmed_at.is_(None), Contact.value.is_not(None))
        contacts = (
            () if said.again else await session.scalars(unconfirmed.where(Contact.member_id == holder, Contact.address_key.in_(keys)))
        )
        mails += [Mail(said.member_id, "welcome", c.value or "", recipient.language, holder, c.id) for c in contacts]
    return mails


@listener.batch(MemberChanged)
async def keep_members(changes: Sequence[MemberChanged], session: Transaction) -> None:
    """Keep what members are now; nobody is written to for it."""
    await write_states(session, changes)


@listener.each(MembersMerged)
async def merge_members(merged: MembersMerged, session: Transaction) -> None:
    """Take two members for one: what waits for the absorbed one follows the kept one, and nobody hears the same twice for it."""
    await write_states(session, [merged])
    await merging.absorb(session, merged)


@listener.each(MembersParted)
async def part_members(parted: MembersParted, session: Transaction) -> None:
    """Take one member for two again: what waits for a contact that was given back follows it."""
    await write_states(session, [parted])
    await merging.give_back(session, parted)


@listener.batch(RegistrationRepeated)
async def queue_repeated(repeats: Sequence[RegistrationRepeated], session: Transaction) -> None:
    """Tell a member's own address that it is registered already. Before their welcome there is nothing to tell: it will say it."""
    if told := {repeat.member_id: repeat.at.date() for repeat in repeats if not repeat.again}:
        await queue_repeats(session, told)


@listener.each(MemberErased)
async def forget_member(erased: MemberErased, session: Transaction) -> None:
    """Leave a tombstone, and of the member's mails only that they were sent."""
    tombstone = insert(Recipient).values(member_id=erased.member_id, language="en", registered=False, **ERASED)
    await session.execute(tombstone.on_conflict_do_update(index_elements=[Recipient.member_id], set_=ERASED))
    await drop_contacts(session, erased.member_id)
    await merging.forget(session, erased.member_id)
    await receipts.forget(session, erased.member_id)
    await session.execute(delete(Delivery).where(Delivery.member_id == erased.member_id, WAITING))
    nobody = {"member_id": None, "contact_id": None, "address": None, "cause": Delivery.id, "recipient": func.uuid_send(Delivery.id)}
    await session.execute(update(Delivery).where(Delivery.member_id == erased.member_id).values(nobody))
    await note_erased(session, erased.member_id, named=erased.submission_ids)


async def answer_erasure(session: Transaction, member_id: UUID) -> None:
    """Say that nothing about an erased member is left here."""
    put(session, ErasureCompleted(member_id=member_id, at=now()))


@listener.each(ConsentRecorded)
async def queue_receipt(recorded: ConsentRecorded, session: Transaction) -> None:
    """Tell a member what staff recorded for them, once."""
    if not recorded.again:
        await receipts.tell(session, recorded)


@listener.each(ManageLinkDecided)
async def queue_manage_link(decided: ManageLinkDecided, session: Transaction) -> None:
    """Write to the one address that somebody asked with; what asks again within minutes is written to once."""
    recipient = await session.get(Recipient, decided.member_id)
    contact = await session.get(Contact, decided.contact_id)
    if recipient is None or contact is None or contact.value is None or contact.member_id != decided.member_id or decided.again:
        return
    template = MANAGE_TEMPLATES[decided.answer]
    mail = Mail(decided.request_id, template, contact.value, recipient.language, decided.member_id, contact.id)
    await queue_now_and_then(session, mail)


@listener.each(ContactsChanged)
async def queue_contact_mails(changes: ContactsChanged, session: Transaction) -> None:
    """Ask an address that a member added whether it is theirs, and tell their others of the change."""
    if not changes.again:
        await own_contacts.tell(session, changes)


@listener.each(PartnerBriefed)
async def queue_briefing(briefed: PartnerBriefed, session: Transaction) -> None:
    """Write to a partner, once for each time that staff sent the pack."""
    if not briefed.again:
        await queue(session, [Mail(briefed.briefing_id, "briefing", briefed.email, briefed.language)])


@listener.batch(ContactConfirmed)
async def keep_confirmations(confirmations: Sequence[ContactConfirmed], session: Transaction) -> None:
    """Note that contacts are confirmed; a confirmation request that still waits has nothing to ask any more."""
    for confirmed in sorted(confirmations, key=lambda confirmed: confirmed.contact_id):
        await session.execute(
            update(Contact)
            .where(Contact.id == confirmed.contact_id, Contact.member_id == confirmed.member_id, Contact.confirmed_at.is_(None))
            .values(confirmed_at=confirmed.at)
        )
        await session.execute(
            update(Delivery)
            .where(
                Delivery.member_id == confirmed.member_id,
                Delivery.contact_id == confirmed.contact_id,
                Delivery.template.in_(("welcome", "confirm_contact")),
                WAITING,
            )
            .values(status="suppressed", reason="confirmed", address=None, lease_token=None)
        )


@listener.each(ContactDisowned)
async def suppress_contact(disowned: ContactDisowned, session: Transaction) -> None:
    """Forget an address whose holder is not the member, and write to it no more. A later word of it changes nothing."""
    contact = await session.get(Contact, disowned.contact_id, with_for_update=True)
    if contact is None:
        marker = {"id": disowned.contact_id, "member_id": disowned.member_id, "disowned": True}
        await session.execute(insert(Contact).values(**marker).on_conflict_do_nothing())
        contact = await session.get(Contact, disowned.contact_id, with_for_update=True)
    if contact is None or contact.member_id != disowned.member_id:
        return
    if contact.address_key is not None and contact.kind is not None:
        await suppress(session, CHANNELS_OF[contact.kind][0], contact.address_key, scope="all", reason="disowned")
        await session.execute(
            update(Delivery)
            .where(Delivery.recipient == contact.address_key, Delivery.member_id.in_(_members_at(contact.address_key)), WAITING)
            .values(status="suppressed", reason="disowned", address=None, lease_token=None)
        )
    contact.disown(disowned.at)


def _members_at(key: bytes) -> Select[UUID]:
    return select(Contact.member_id).where(Contact.address_key == key)


@listener.each(ConsentWithdrawn)
async def withdraw_consent(withdrawn: ConsentWithdrawn, session: Transaction) -> None:
    """Take back a consent to information at once; the registry's own word of it follows."""
    member_id = await merging.whose(session, withdrawn.member_id)
    session.add(Withdrawal(id=new_id(), member_id=member_id, contact_id=withdrawn.contact_id, channel=withdrawn.channel, at=withdrawn.at))
    await session.flush()
    await settle_withdrawals(session, [member_id])


@listener.each(SpeakerInvited)
async def queue_invitation(invited: SpeakerInvited, session: Transaction) -> None:
    """Write to an invited speaker; an answer that came first is acknowledged now."""
    invitation = await forum_mail.lock(session, invited.invitation_id)
    invitation.name, invitation.email = invited.name, invited.email
    invitation.language, invitation.deadline = invited.language, invited.deadline
    if not invited.again:
        await forum_mail.invite(session, invitation)
        await forum_mail.tell(session, invitation)


@listener.each(SpeakerConfirmed)
async def tell_confirmed(confirmed: SpeakerConfirmed, session: Transaction) -> None:
    """Tell each address of the forum team once, and thank the speaker."""
    invitation = await forum_mail.lock(session, confirmed.speaker_id, name=confirmed.name)
    if confirmed.again:
        invitation.talk_title = invitation.talk_title or confirmed.talk_title
        return
    invitation.confirm(confirmed.talk_title, confirmed.at)
    await forum_mail.tell(session, invitation)


@listener.each(SpeakerDeclined)
async def tell_declined(declined: SpeakerDeclined, session: Transaction) -> None:
    """Tell each address of the forum team once, and thank the invited person."""
    invitation = await forum_mail.lock(session, declined.speaker_id, name=declined.name)
    if not declined.again:
        invitation.declined_at = max(invitation.declined_at or declined.at, declined.at)
        await forum_mail.tell(session, invitation)


@listener.each(TeamChanged)
async def keep_team(team: TeamChanged, session: Transaction) -> None:
    """Keep the forum team's addresses; whoever is new hears the answers of the last weeks, also those that came before any team."""
    if await forum_mail.keep_team(session, team) and not team.again:
        for invitation in await forum_mail.lately_answered(session):
            await forum_mail.tell(session, invitation)
