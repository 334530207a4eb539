"""What is written when members change their own contacts: a question to the new address, and word to the others."""

from services.notifier.model import Recipient
from services.notifier.queueing import Mail, queue, queue_in_turn
from shared.contracts.registry import ContactsChanged
from shared.database import Transaction


async def tell(session: Transaction, changes: ContactsChanged) -> None:
    """Queue the mails; who was erased meanwhile hears nothing. An address is asked at most once a day, whoever adds it."""
    recipient = await session.get(Recipient, changes.member_id)
    if recipient is not None and recipient.status == "erased":
        return
    if changes.added and changes.added.kind == "email":
        asked = Mail(changes.added.id, "confirm_contact", changes.added.value, changes.language, changes.member_id, changes.added.id)
        await queue_in_turn(session, [asked])
    told = [contact for contact in changes.told if contact.kind == "email"]
    # An address that was removed is told all the same, by a mail that hangs on no contact.
    await queue(
        session,
        [
            Mail(
                changes.change_id,
                "contacts_changed",
                contact.value,
                changes.language,
                changes.member_id,
                contact.id if contact.id != changes.removed else None,
            )
            for contact in sorted(told, key=lambda contact: contact.value)
        ],
    )
