"""What follows from a call: the number confirmed or given up, what was withdrawn, when to ring again, and the record of it all."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool
from sqlalchemy import select

from services.registry import erasing, records
from services.registry.calling.confirming import Read, confirm_number, log_of, words_of
from services.registry.calling.model import CALLABLE, CallTask, Outcome, numbers
from services.registry.corrections import Note
from services.registry.duplicates import leading
from services.registry.model import Contact, Member
from services.registry.recording import Answer, record
from shared import consent
from shared.contracts.gateway import Language
from shared.database import Transaction
from shared.errors import FieldError, NotFound
from shared.identity import Identity
from shared.outbox import put
from shared.receipts import new_number
from shared.web.language import mark

MOST_AHEAD = timedelta(days=366)
"""How far ahead a call can be put off."""


class Said(BaseModel):
    """What came of a call. Who rang, and when, is not the caller's to say."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome
    confirm: StrictBool = Field(False, description="with `reached`: the person said that the number is theirs, and that they registered")
    erase: StrictBool = Field(False, description="with `withdrew`: the person wants all of it erased")
    contact_id: UUID | None = Field(None, description="the number that was rung; the first one if left out")
    wording_version: str | None = Field(None, max_length=20, description="the wording that was read out; the newest if left out")
    language: Language | None = Field(None, description="the language that was spoken; the member's own if left out")
    note: Note | None = Field(None, description="in a few words; the member can see it")
    next_at: AwareDatetime | None = Field(None, description="with `call_again` or `no_answer`: not before")
    best_hour: Annotated[int, Field(strict=True, ge=0, le=23)] | None = Field(None, description="when to ring best, by Lesotho's clock")

    def misfits(self, member: Member | None, at: datetime) -> list[FieldError]:
        """Return all that does not fit together, or not this member."""
        wrong: list[tuple[str, str]] = []
        if self.confirm and (self.outcome != "reached" or member is None):
            wrong.append(("/confirm", mark("Only somebody who was reached can confirm a number.")))
        if self.erase and self.outcome != "withdrew":
            wrong.append(("/erase", mark("Only somebody who withdraws is erased.")))
        if self.contact_id is not None and (member is None or self.contact_id not in {each.id for each in member.contacts}):
            wrong.append(("/contact_id", mark("This is no contact of the person's.")))
        if self.outcome == "call_again" and self.next_at is None:
            wrong.append(("/next_at", mark("Say when to ring again.")))
        if self.next_at is not None and not at < self.next_at < at + MOST_AHEAD:
            wrong.append(("/next_at", mark("Choose a moment between now and a year from now.")))
        if self.wording_version is not None and self.wording_version not in consent.versions():
            wrong.append(("/wording_version", mark("There is no such wording.")))
        return [FieldError(pointer, detail) for pointer, detail in wrong]


async def take_in(session: Transaction, task: CallTask, member: Member | None, said: Said, who: Identity, *, at: datetime) -> None:
    """Do what follows from a call, and keep the record of it.

    The caller holds the locks of the member's row and of the call, and has seen to it that all fits. Erasing is `erase_caller`.
    """
    rung = _rung(member, said)
    if member is not None and rung is not None:
        await _tell_apart(session, member, rung, said, who, at=at)
    if said.best_hour is not None:
        task.best_hour = said.best_hour
    if task.done_at is None:  # Confirming has ended it, where that was the reason.
        task.take(said.outcome, who.name or who.id, at, next_at=said.next_at)
    else:
        task.attempts += 1
    read = Read(wording_version=said.wording_version, language=said.language)
    version, language = words_of(read, member) if member else (None, said.language or "en")
    log = log_of(
        member,
        who,
        at=at,
        outcome=said.outcome,
        language=language,
        wording_version=version if said.outcome == "reached" else None,
        contact=rung,
    )
    log.task_id, log.note, log.next_at = task.id, said.note or None, None if task.done_at else task.due_at
    session.add(log)


async def _tell_apart(session: Transaction, member: Member, rung: Contact, said: Said, who: Identity, *, at: datetime) -> None:
    if said.outcome == "reached" and said.confirm and rung.kind in CALLABLE:
        read = Read(wording_version=said.wording_version, language=said.language)
        await confirm_number(session, member, rung, read, who, at=at)
    elif said.outcome == "wrong_number":
        # Whoever answers there does not know the person. It is given up as a bounced address is: kept a while, and not rung again.
        for contact in member.contacts:
            if contact.value_key == rung.value_key and contact.undeliverable_at is None:
                contact.undeliverable_at = at
    elif said.outcome == "refused":
        await _withdraw(session, member, who, {"call"} & {*member.information, *await leading.may_return(session, member.id)}, at=at)
    elif said.outcome == "withdrew":
        agreed = {*member.information, *await leading.may_return(session, member.id)} | ({"sharing"} if member.sharing else set())
        await _withdraw(session, member, who, agreed - {"sharing"}, at=at)
        if "sharing" in agreed:
            await _record(session, member, Answer(purpose="sharing", given=False, way="call"), who, at=at)


async def _withdraw(session: Transaction, member: Member, who: Identity, channels: Collection[str], *, at: datetime) -> None:
    for channel in sorted(channels):
        answer = Answer.model_validate({"purpose": "information", "channel": channel, "given": False, "way": "call"})
        await _record(session, member, answer, who, at=at)


async def _record(session: Transaction, member: Member, answer: Answer, who: Identity, *, at: datetime) -> None:
    said = record(member, answer, who, at=at)
    session.add(said.consent)
    if said.changed:
        put(session, said.changed)
    put(session, said.receipt)


def _rung(member: Member | None, said: Said) -> Contact | None:
    if member is None:
        return None
    return member.contact(said.contact_id) if said.contact_id else next(iter(numbers(member)), None)


async def lock(session: Transaction, task: CallTask) -> Member | None:
    """Lock a call's member, then the call, in the order in which an erasure locks them; None for a call to somebody who is no member."""
    members = await records.members_for_update(session, [task.member_id]) if task.member_id else []
    await lock_call(session, task)
    return members[0] if members else None


async def lock_call(session: Transaction, task: CallTask) -> None:
    """Lock a call, and read it anew but for its member, who stays loaded.

    Raises:
        NotFound: it is gone, with whom it was to.
    """
    if await session.scalar(select(CallTask.id).where(CallTask.id == task.id).with_for_update()) is None:
        raise NotFound
    columns = [column.key for column in CallTask.__table__.columns]
    await session.refresh(task, attribute_names=columns)


async def erase_caller(session: Transaction, member_id: UUID, *, at: datetime) -> str | None:
    """Erase a person who asked for it in a call, and return the number of their receipt, to be read out; None if they are gone."""
    if not await erasing.erase_if_here(session, member_id, at=at):
        return None
    number = new_number()
    await erasing.give_receipt(session, member_id, number)
    return number
