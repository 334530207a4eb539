"""What the registry does about what it hears: fetch, decide, put."""

from services.registry import erasing, records, selfservice
from services.registry.duplicates import leading
from services.registry.erasing import erase, unshare
from services.registry.matching import contacts_of, decide
from services.registry.model import REACHED_BY, Consent, Contact, Member
from services.registry.outreach import briefing
from services.registry.registering import join
from shared.clock import new_id, now
from shared.contracts import forum, gateway, notifier
from shared.contracts.gateway import (
    BriefingAnswered,
    ConsentWithdrawn,
    ContactConfirmed,
    ContactDisowned,
    ErasureRequested,
    ManageLinkRequested,
    RegistrationSubmitted,
    SharingWithdrawn,
)
from shared.contracts.notifier import ContactUndeliverable
from shared.contracts.registry import RegistrationRepeated, RegistrationsProcessed
from shared.database import Transaction
from shared.delivery import Listener
from shared.errors import Unknown
from shared.outbox import put

listener = Listener("registry")

UNANSWERED_WAYS = ("import", "demo")
"""A sheet that lists somebody again is not that person's own doing: they are not told."""


@listener.batch(RegistrationSubmitted)
async def register_members(submissions: list[RegistrationSubmitted], session: Transaction) -> None:
    """Make members of those who are new, note those who are known, and say that all were dealt with.

    A submission that was decided before, or whose member was erased, changes nothing; nor does a sheet that names somebody who left.

    Raises:
        Unknown: the consent's wording does not exist; the delivery is dead-lettered.
    """
    keys = {key for submission in submissions for _, _, key in contacts_of(submission)}
    await records.lock_contacts(session, keys)
    holders = await records.holders_of(session, keys)
    settled = await records.settled(session, [submission.submission_id for submission in submissions])
    settled |= await erasing.kept_out(session, [submission for submission in submissions if submission.way in UNANSWERED_WAYS])
    decisions = decide(submissions, holders, settled, new_id=new_id)
    joined = [(newcomer.submission, join(newcomer, decisions.shared)) for newcomer in decisions.newcomers]

    await records.keep_wordings(session, {(s.consent_text_version, s.language) for s, _ in joined})
    await records.insert(
        session,
        {
            "member": [new.member for _, new in joined],
            "contact": [row for _, new in joined for row in new.contacts],
            "consent": [row for _, new in joined for row in new.consents],
            "repeat": [{"submission_id": s.submission_id, "member_id": known, "at": s.submitted_at} for s, known in decisions.repeated],
        },
    )

    for submission, new in joined:
        put(session, new.event, cause=submission)
    for submission, member_id in decisions.repeated:
        if submission.way not in UNANSWERED_WAYS:
            put(session, RegistrationRepeated(member_id=member_id, at=submission.submitted_at), cause=submission)
    for member in await records.members_for_update(session, decisions.sharers):
        if changed := member.share(decisions.shared, True):
            put(session, changed)
    put(session, RegistrationsProcessed(submission_ids=tuple(submission.submission_id for submission in submissions)))


@listener.each(ContactConfirmed)
async def confirm_contact(confirmed: ContactConfirmed, session: Transaction) -> None:
    """Confirm one contact, and with it the member, once.

    Raises:
        Unknown: there never was such a member or contact; the delivery is dead-lettered.
    """
    member, contact = await _standing(session, confirmed)
    if member and contact and (changed := member.confirm(contact, confirmed.at)):
        put(session, changed, cause=confirmed)
        await erasing.readmit(session, contact.value_key, member.name_key)


@listener.each(ContactDisowned)
async def forget_contact(disowned: ContactDisowned, session: Transaction) -> None:
    """Forget a contact whose holder says *this was not me*, and the member if nothing is left to stand on.

    Raises:
        Unknown: there never was such a member or contact; the delivery is dead-lettered.
    """
    disowned = await leading.follow(session, disowned)
    keys = await records.keys_of(session, disowned.member_id)
    await records.lock_contacts(session, keys.values())
    member, contact = await _standing(session, disowned)
    if not member or not contact:
        return
    key = contact.value_key
    if not member.stands_without(key):
        await erase(session, member, at=disowned.at, cause=disowned)
        return
    await records.bury(session, [held.id for held in member.contacts if held.value_key == key], at=disowned.at)
    for channel in member.lose(key):
        session.add(Consent.withdrawn(member.id, channel, at=disowned.at, way="link"))
    put(session, member.changed(), cause=disowned)
    await unshare(session, member.id, [key], cause=disowned)


@listener.each(ConsentWithdrawn)
async def withdraw_consent(withdrawn: ConsentWithdrawn, session: Transaction) -> None:
    """Take back consent to information on one channel, or on all; what was agreed to later than that stands.

    Raises:
        Unknown: there never was such a member or contact; the delivery is dead-lettered.
    """
    member, contact = await _standing(session, withdrawn)
    if not member:
        return
    if withdrawn.channel:
        channels = {withdrawn.channel}
    elif withdrawn.contact_id:
        channels = {channel for channel, kind in REACHED_BY.items() if contact and contact.kind == kind}
    else:
        channels = set(REACHED_BY)
    channels -= await records.agreed_since(session, member.id, withdrawn.at)
    for channel in sorted(channels & {*member.information, *await leading.may_return(session, member.id)}):
        session.add(Consent.withdrawn(member.id, channel, at=withdrawn.at, way="link"))
    if changed := member.withdraw(channels):
        put(session, changed, cause=withdrawn)


@listener.each(SharingWithdrawn)
async def withdraw_sharing(withdrawn: SharingWithdrawn, session: Transaction) -> None:
    """Show a member to no mission any more; what was agreed to later than that stands.

    Raises:
        Unknown: there never was such a member; the delivery is dead-lettered.
    """
    member, _ = await _standing(session, withdrawn)
    if not member or await records.shared_since(session, member.id, withdrawn.at):
        return
    if ended := selfservice.withdraw_sharing(member, withdrawn):
        consent, changed = ended
        session.add(consent)
        put(session, changed, cause=withdrawn)
    elif "sharing" in await leading.may_return(session, member.id):
        session.add(selfservice.sharing_ended(member, withdrawn.at))


@listener.each(ManageLinkRequested)
async def decide_manage_link(requested: ManageLinkRequested, session: Transaction) -> None:
    """Have a manage link sent to whoever is known by this contact; for an unknown one nothing happens."""
    members = await records.members_at(session, selfservice.contact_key(requested))
    for decided in selfservice.decide_links(members, requested):
        put(session, decided, cause=requested)


@listener.each(ErasureRequested)
async def erase_on_request(request: ErasureRequested, session: Transaction) -> None:
    """Erase a member who asked for it, once.

    Raises:
        Unknown: there never was such a member; the delivery is dead-lettered.
    """
    await erasing.erase_on_request(session, request)


@listener.each(gateway.ErasureCompleted)
@listener.each(notifier.ErasureCompleted)
@listener.each(forum.ErasureCompleted)
async def note_erasure_completed(
    completed: gateway.ErasureCompleted | notifier.ErasureCompleted | forum.ErasureCompleted, session: Transaction
) -> None:
    """Note that a service has nothing about an erased member any more."""
    await erasing.note_answer(session, completed.member_id, completed.key.partition(".")[0], completed.at)


@listener.each(BriefingAnswered)
async def note_briefing_answer(answered: BriefingAnswered, session: Transaction) -> None:
    """Keep what a partner answered to the briefing pack.

    Raises:
        Unknown: no such pack was sent; the delivery is dead-lettered.
    """
    await briefing.note_answer(session, answered)


@listener.each(ContactUndeliverable)
async def mark_undeliverable(undeliverable: ContactUndeliverable, session: Transaction) -> None:
    """Note since when nothing reaches a contact.

    Raises:
        Unknown: there never was such a member or contact; the delivery is dead-lettered.
    """
    _, contact = await _standing(session, undeliverable)
    if contact and contact.undeliverable_at is None:
        contact.undeliverable_at = now()


async def _standing(
    session: Transaction, said: ContactConfirmed | ContactDisowned | ConsentWithdrawn | ContactUndeliverable | SharingWithdrawn
) -> tuple[Member | None, Contact | None]:
    """Return the member that something was said about, locked, and the contact if it names one; neither if one of them is gone since.

    Who was merged with somebody, or parted again, is found by the ids from before.

    Raises:
        Unknown: there never was such a member or contact.
    """
    members = await records.members_for_update(session, [said.member_id])
    contact_id = None if isinstance(said, SharingWithdrawn) else said.contact_id
    if members and (contact_id is None or members[0].contact(contact_id)):
        return members[0], members[0].contact(contact_id)
    if (now_about := await leading.follow(session, said)) != said:
        return await _standing(session, now_about)
    if await records.is_gone(session, said.member_id, contact_id):
        return None, None
    raise Unknown("no such member" if not members else "the member has no such contact")
