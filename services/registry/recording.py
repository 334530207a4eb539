"""What staff record of consent for a member who told them, in the staff's own words and under their name. Rules only."""

from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from services.registry.corrections import Line, Note
from services.registry.model import REACHED_BY, Consent, Member, Purpose
from services.registry.model import Contact as Held
from services.registry.model.consents import UNNAMED_OFFICE, Recipient, StaffWay
from shared import consent
from shared.clock import new_id
from shared.contracts.gateway import Channel, Language
from shared.contracts.registry import ConsentRecorded, Contact, MemberChanged
from shared.errors import FieldError
from shared.identity import Identity
from shared.web.language import mark

TOLD_BY = ("email",)
"""The kinds of contact by which receipts go."""

Scan = Annotated[str, StringConstraints(to_lower=True, pattern="^[0-9a-fA-F]{64}$")]


class Answer(BaseModel):
    """What a member said to staff: one answer to one question.

    When it was recorded, and by whom, is not the caller's to say.
    """

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose
    channel: Channel | None = Field(None, description="for `information`: the channel it is about")
    recipient: Recipient | None = Field(None, description="for `sharing`: to whom; the mission of the member's area if left out")
    given: StrictBool = Field(description="false: withdrawn")
    way: StaffWay = Field(description="a call, somebody who came, or a signed sheet of paper")
    wording_version: str | None = Field(None, max_length=20, description="the wording that was agreed to; the newest if left out")
    language: Language | None = Field(None, description="the wording's language; the member's own if left out")
    spoken: Note | None = Field(None, description="what was said, in the words that were spoken; needed to give consent by call or visit")
    scan: Scan | None = Field(None, description="SHA-256 of the scanned sheet, in hexadecimal; needed for paper")
    outcome: Line | None = Field(None, description="what came of it, in a line")
    version: Annotated[int, Field(strict=True, ge=1)] | None = Field(None, description="the version of the member that the caller has seen")

    def misfits(self, member: Member) -> list[FieldError]:
        """Return all that does not fit together, or not this member."""
        wrong: list[tuple[str, str]] = []
        if self.purpose == "information":
            if self.channel is None:
                wrong.append(("/channel", mark("Say by which channel.")))
            elif self.given and REACHED_BY[self.channel] not in {contact.kind for contact in member.contacts}:
                wrong.append(("/channel", mark("We have no address or number for this channel.")))
        elif self.channel is not None:
            wrong.append(("/channel", mark("Only information goes by a channel.")))
        if self.recipient is not None and self.purpose != "sharing":
            wrong.append(("/recipient", mark("Only sharing has a recipient.")))
        if self.purpose == "registration" and not self.given:
            wrong.append(("/given", mark("Without this consent nothing may be kept: erase the person instead.")))
        if self.way == "paper":
            if self.scan is None:
                wrong.append(("/scan", mark("Give the SHA-256 of the scanned sheet.")))
        else:
            if self.scan is not None:
                wrong.append(("/scan", mark("Only paper is scanned.")))
            if self.given and self.spoken is None:
                wrong.append(("/spoken", mark("Write what was said.")))
        if self.given and self.wording_version is not None and self.wording_version not in consent.versions():
            wrong.append(("/wording_version", mark("There is no such wording.")))
        return [FieldError(pointer, detail) for pointer, detail in wrong]


class Recorded(NamedTuple):
    """What is kept, what is announced if something is in force now that was not, or no more, and what the member is told."""

    consent: Consent
    changed: MemberChanged | None
    receipt: ConsentRecorded


def record(member: Member, answer: Answer, who: Identity, *, at: datetime) -> Recorded:
    """Take in what a member said. The caller has seen to it that it fits, and holds the lock of the member's row."""
    wording = (answer.wording_version or consent.versions()[-1], answer.language or member.language) if answer.given else (None, None)
    said = Consent(
        member_id=member.id,
        purpose=answer.purpose,
        channel=answer.channel,
        recipient=(answer.recipient or "mission") if answer.purpose == "sharing" else None,
        given=answer.given,
        wording_version=wording[0],
        language=wording[1],
        at=at,
        way=answer.way,
        staff=who.name or who.id,
        office=who.organisation or UNNAMED_OFFICE,
        outcome=answer.outcome,
        spoken=answer.spoken,
        scan=answer.scan,
    )
    changed = _apply(member, answer)
    receipt = ConsentRecorded(
        receipt_id=new_id(),
        member_id=member.id,
        purpose=answer.purpose,
        channel=answer.channel,
        given=answer.given,
        way=answer.way,
        office=said.office or UNNAMED_OFFICE,
        at=at,
        language=member.language,
        contacts=tuple(Contact(**contact.state()) for contact in _told(member)),
    )
    return Recorded(said, changed, receipt)


def _apply(member: Member, answer: Answer) -> MemberChanged | None:
    """Have the member's row say what is in force; None if it did."""
    if answer.purpose == "sharing":
        if member.sharing == answer.given:
            return None
        member.sharing = answer.given
        return member.changed()
    if answer.purpose == "registration" or answer.channel is None:
        return None
    return member.agree(answer.channel) if answer.given else member.withdraw([answer.channel])


def _told(member: Member) -> list[Held]:
    """Return the contacts by which the member is told: those that are confirmed, or where none is, all that may be theirs."""
    own = [contact for contact in member.contacts if contact.kind in TOLD_BY]
    return [contact for contact in own if contact.confirmed_at is not None] or own
