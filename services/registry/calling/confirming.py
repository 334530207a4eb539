"""Confirming a number by a call that we made to it: a second yes, with who rang, the words that were read, and what was said."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import update

from services.registry import erasing, records
from services.registry.calling.model import CALLABLE, CallLog, CallTask
from services.registry.corrections import Line
from services.registry.model import Contact, Member
from services.registry.model.consents import UNNAMED_OFFICE
from services.registry.recording import Answer, record
from shared import consent
from shared.contracts.gateway import Language
from shared.database import Transaction
from shared.errors import FieldError, Invalid
from shared.identity import Identity
from shared.outbox import put
from shared.web.language import mark

ANSWERED = ("confirm", "lost_contact", "inactive")
"""Reasons to ring somebody that a confirmed number does away with."""


class Read(BaseModel):
    """What was read out in a call, and what came of it. Who rang, and when, is not the caller's to say."""

    model_config = ConfigDict(extra="forbid")

    wording_version: str | None = Field(None, max_length=20, description="the wording that was read out; the newest if left out")
    language: Language | None = Field(None, description="the language it was read in; the member's own if left out")
    outcome: Line | None = Field(None, description="what the person said, in a line")
    version: Annotated[int, Field(strict=True, ge=1)] | None = Field(None, description="the version of the member that the caller has seen")


def refuse_others(contact: Contact, read: Read) -> None:
    """Let only numbers be confirmed by a call, with words that there are.

    Raises:
        Invalid: it is no number, or there is no such wording.
    """
    wrong = []
    if contact.kind not in CALLABLE:
        wrong.append(FieldError("/contact", mark("Only a number is confirmed by a call; an e-mail address by its own link.")))
    if read.wording_version is not None and read.wording_version not in consent.versions():
        wrong.append(FieldError("/wording_version", mark("There is no such wording.")))
    if wrong:
        raise Invalid(errors=wrong)


async def confirm_number(session: Transaction, member: Member, contact: Contact, read: Read, who: Identity, *, at: datetime) -> bool:
    """Confirm a number and with it the member, and keep the proof; False if it was confirmed before.

    The caller holds the lock of the member's row, and logs the call.
    """
    changed = member.confirm(contact, at)
    if changed is None:
        return False
    contact.undeliverable_at = None
    version, language = words_of(read, member)
    answer = Answer(
        purpose="registration", given=True, way="call", wording_version=version, language=language, outcome=read.outcome or None
    )
    said = record(member, answer, who, at=at)
    await records.keep_wordings(session, {(version, language)})
    session.add(said.consent)
    put(session, changed)
    put(session, said.receipt)
    await erasing.readmit(session, contact.value_key, member.name_key)
    await session.execute(
        update(CallTask)
        .where(CallTask.member_id == member.id, CallTask.reason.in_(ANSWERED), CallTask.done_at.is_(None))
        .values(done_at=at, done_by=who.name or who.id, outcome="reached", version=CallTask.version + 1)
    )
    return True


def words_of(read: Read, member: Member) -> tuple[str, Language]:
    """Return version and language of the wording that was read."""
    language: Language = read.language or ("st" if member.language == "st" else "en")
    return read.wording_version or consent.versions()[-1], language


def log_of(
    member: Member | None, who: Identity, *, at: datetime, outcome: str, language: str, wording_version: str | None, contact: Contact | None
) -> CallLog:
    """Return the record of a call that was made."""
    return CallLog(
        member_id=member.id if member else None,
        contact_id=contact.id if contact else None,
        at=at,
        staff=f"{who.kind}:{who.id}",
        staff_name=who.name or who.id,
        office=who.organisation or UNNAMED_OFFICE,
        outcome=outcome,
        language=language,
        wording_version=wording_version,
    )
