"""A receipt tells a member what staff recorded about their consent, so that nobody can agree or withdraw in their name unseen."""

from uuid import UUID

from sqlalchemy import text

from services.notifier.model import Recipient
from services.notifier.queueing import Mail, queue
from shared.contracts.gateway import Channel, Language
from shared.contracts.registry import ConsentRecorded
from shared.database import Transaction

KEEP = text(
    "INSERT INTO consent_receipt (id, member_id, office, said, at) VALUES (:id, :member_id, :office, :said, :at) ON CONFLICT DO NOTHING"
)
FORGET = text(
    """
    DELETE FROM consent_receipt WHERE id IN (
        SELECT id FROM consent_receipt WHERE at < now() - interval '30 days' ORDER BY at LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING 1
    """
)
"""Long after a mail was given up."""

CHANNELS: dict[Language, dict[Channel, str]] = {
    "en": {"email": "e-mail", "whatsapp": "WhatsApp", "telegram": "Telegram", "sms": "SMS", "call": "phone"},
    "st": {"email": "imeile", "whatsapp": "WhatsApp", "telegram": "Telegram", "sms": "SMS", "call": "mohala"},
}
ANSWERS: dict[Language, dict[tuple[str, str], str]] = {
    "en": {
        ("registration", "given"): "You agreed that we keep what you told us.",
        ("information", "given"): "You agreed to receive information by {channel}.",
        ("information", "withdrawn"): "You want no more information by {channel}.",
        ("sharing", "given"): "You agreed that Lesotho's mission for your area sees your name, your contact details and your area.",
        ("sharing", "withdrawn"): "You want no mission to see your name, your contact details and your area.",
    },
    "st": {
        ("registration", "given"): "U lumetse hore re boloke seo u re boleletseng sona.",
        ("information", "given"): "U lumetse ho fumana litaba ka {channel}.",
        ("information", "withdrawn"): "Ha u sa batla litaba ka {channel}.",
        (
            "sharing",
            "given",
        ): "U lumetse hore boemeli ba Lesotho sebakeng sa hau bo bone lebitso la hau, litsela tsa ho u fumana le sebaka.",
        ("sharing", "withdrawn"): "Ha u batle hore boemeli ba Lesotho bo bone lebitso la hau, litsela tsa ho u fumana le sebaka sa hau.",
    },
}
WAYS: dict[Language, dict[str, str]] = {
    "en": {"call": "You said so in a call.", "visit": "You said so in person.", "paper": "You signed so on paper."},
    "st": {"call": "U re boleletse ka mohala.", "visit": "U re boleletse u tlile ho rona.", "paper": "U saennetse pampiring."},
}


def code(recorded: ConsentRecorded) -> str:
    """Return what was recorded in a word that `words` reads."""
    return "/".join((recorded.purpose, recorded.channel or "", "given" if recorded.given else "withdrawn", recorded.way))


def words(said: str, language: Language) -> str:
    """Return what was recorded, in sentences."""
    purpose, channel, answer, way = said.split("/")
    named = {name: word for name, word in CHANNELS[language].items() if name == channel}
    sentence = ANSWERS[language][purpose, answer].format(channel=next(iter(named.values()), ""))
    return f"{sentence} {WAYS[language][way]}"


async def tell(session: Transaction, recorded: ConsentRecorded) -> None:
    """Queue the receipt to each e-mail address given; who was erased meanwhile hears nothing."""
    recipient = await session.get(Recipient, recorded.member_id)
    if recipient is not None and recipient.status == "erased":
        return
    kept = {"id": recorded.receipt_id, "member_id": recorded.member_id, "office": recorded.office, "at": recorded.at}
    await session.execute(KEEP, kept | {"said": code(recorded)})
    addresses = {contact.value: contact.id for contact in recorded.contacts if contact.kind == "email"}
    mails = [
        Mail(recorded.receipt_id, "consent_receipt", address, recorded.language, recorded.member_id, contact_id)
        for address, contact_id in sorted(addresses.items())
    ]
    await queue(session, mails)


async def forget(session: Transaction, member_id: UUID) -> None:
    """Delete what a member was told."""
    await session.execute(text("DELETE FROM consent_receipt WHERE member_id = :member_id"), {"member_id": member_id})
