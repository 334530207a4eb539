"""What a clerk reads back at the end of a call in which an answer was recorded: the receipts, in the language that was spoken."""

from uuid import UUID

from sqlalchemy import select

from services.registry.calling.model import CallLog
from services.registry.model import Consent, Contact
from services.registry.reading_back import Receipt, read_back
from services.registry.recording import TOLD_BY
from shared.audit import note
from shared.database import Transaction
from shared.identity import Identity
from shared.web.language import Language


async def of_call(session: Transaction, call: str, who: Identity) -> tuple[Language, list[Receipt]]:
    """Return the receipts of what this clerk's last call about a thing had recorded; none for what is no id, or not their business."""
    try:
        call_id = UUID(call)
    except ValueError:
        return "en", []
    mine = select(CallLog).where(CallLog.task_id == call_id, CallLog.staff == f"{who.kind}:{who.id}")
    log = await session.scalar(mine.order_by(CallLog.id.desc()).limit(1))
    language: Language = "st" if log is not None and log.language == "st" else "en"
    if log is None or log.member_id is None:
        return language, []
    # A call and what it recorded bear one moment.
    said = select(Consent).where(Consent.member_id == log.member_id, Consent.at == log.at, Consent.staff.is_not(None))
    consents = list(await session.scalars(said.order_by(Consent.id)))
    if not consents:
        return language, []
    note(session, who, "consents_read", [log.member_id])
    address = select(Contact.id).where(Contact.member_id == log.member_id, Contact.kind.in_(TOLD_BY)).limit(1)
    mailed = await session.scalar(address) is not None
    return language, [read_back(consent, language, mailed=mailed) for consent in consents]
