"""A call to be made, and a call that was made: the rules of when we ring again. No I/O and no clock."""

from datetime import datetime, timedelta, timezone
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.registry.model import Contact, Member
from services.registry.model.base import Base

Reason = Literal["confirm", "lost_contact", "inactive", "follow_up", "ring_me"]
"""Why somebody is rung: a number to confirm; nothing else reaches them any more; no sign of life for years; as agreed; they asked."""
Outcome = Literal["reached", "no_answer", "wrong_number", "refused", "call_again", "withdrew"]

MOST_ATTEMPTS = 6
"""Calls that nobody took, after which we leave somebody in peace."""
PAUSES = (timedelta(hours=4), timedelta(days=1), timedelta(days=2), timedelta(days=4), timedelta(days=7))
"""Between calls that nobody took."""
HOME = timezone(timedelta(hours=2))
"""Lesotho and South Africa, all year round: in which hours are spoken of on the phone."""
CALLABLE = ("phone", "whatsapp")
"""Kinds of contact that are numbers, the one to ring first, first."""
OVER = ("reached", "wrong_number", "refused", "withdrew")
"""Outcomes that end a call to be made."""


class CallTask(Base):
    """One thing to ring somebody about.

    Attributes:
        partner_code: a follow-up with a partner, who is in no queue of calls.
        number: of somebody who asked to be rung and is no member, in E.164.
        about: what to speak of, in the staff's words.
        due_at: not before.
        best_hour: when the person likes to be rung, by Lesotho's clock.
        assigned_to: the clerk who alone is given it; None for anybody.
        outcome: what ended it: an outcome of a call, `done` or `settled` (it had become needless).
        version: raised with each change by staff.
    """

    __tablename__ = "call_task"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    partner_code: Mapped[str | None]
    number: Mapped[str | None]
    about: Mapped[str | None]
    due_at: Mapped[datetime]
    best_hour: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    assigned_to: Mapped[str | None]
    assigned_name: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    outcome: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)

    member: Mapped[Member | None] = relationship(lazy="raise", viewonly=True)

    def end(self, outcome: str, by: str, at: datetime) -> None:
        """Note that there is nothing left to do."""
        self.done_at, self.done_by, self.outcome = at, by, outcome
        self.version += 1

    def take(self, outcome: Outcome, by: str, at: datetime, *, next_at: datetime | None) -> None:
        """Take in what came of a call: it is over, or due again."""
        self.attempts += 1
        if outcome in OVER or (outcome == "no_answer" and self.attempts >= MOST_ATTEMPTS):
            self.end(outcome, by, at)
            return
        self.due_at = next_at or next_call(self.attempts, at, self.best_hour)
        self.version += 1


class CallLog(Base):
    """One call that was made; it goes with the member.

    Attributes:
        contact_id: the number that was rung.
        staff: who rang, by id; `staff_name` and `office` say it in words.
        wording_version: which wording of the consent was read out, in this `language`.
    """

    __tablename__ = "call_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("call_task.id", ondelete="CASCADE"))
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    contact_id: Mapped[UUID | None]
    at: Mapped[datetime]
    staff: Mapped[str]
    staff_name: Mapped[str]
    office: Mapped[str]
    outcome: Mapped[str]
    language: Mapped[str]
    wording_version: Mapped[str | None]
    note: Mapped[str | None]
    next_at: Mapped[datetime | None]


def next_call(attempts: int, at: datetime, best_hour: int | None) -> datetime:
    """Return when somebody who did not answer is rung again: after a pause that grows, at their hour where they named one."""
    due = at + PAUSES[min(attempts, len(PAUSES)) - 1]
    if best_hour is None:
        return due
    there = due.astimezone(HOME)
    wanted = there.replace(hour=best_hour, minute=0, second=0, microsecond=0)
    return (wanted if wanted >= there else wanted + timedelta(days=1)).astimezone(at.tzinfo)


def numbers(member: Member) -> list[Contact]:
    """Return the numbers at which a member can be rung, the best first: those that reach them, phones before WhatsApp."""
    known = [contact for contact in member.contacts if contact.kind in CALLABLE and contact.undeliverable_at is None]
    return sorted(known, key=lambda contact: (CALLABLE.index(contact.kind), contact.id))
