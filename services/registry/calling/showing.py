"""Calls as staff see them: who is to be rung and why, by which numbers, what came of it before, and what to say."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.registry import files
from services.registry.calling import queue, script
from services.registry.calling.model import CallLog, CallTask, Reason, numbers
from shared.identity import Identity


class NumberShown(BaseModel):
    """A number to ring; `shared`: another member uses it, too, so ask for the person by name and say nothing else."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    value: str
    uncertain: bool
    shared: bool
    confirmed_at: datetime | None


class CallShown(BaseModel):
    """A call to be made, or one that is done with.

    Attributes:
        at_it: who has taken it at this moment; nobody else can.
    """

    id: UUID
    reason: str
    about: str | None
    member_id: UUID | None
    given_name: str | None
    family_name: str | None
    area: str | None
    language: str
    partner_code: str | None
    numbers: list[NumberShown]
    number: str | None
    due_at: datetime
    best_hour: int | None
    attempts: int
    assigned_to: str | None
    assigned_name: str | None
    made_at: datetime
    made_by: str | None
    done_at: datetime | None
    done_by: str | None
    outcome: str | None
    at_it: str | None
    mine: bool
    version: int


class LogShown(BaseModel):
    """A call that was made."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    task_id: UUID | None
    member_id: UUID | None
    at: datetime
    staff_name: str
    office: str
    outcome: str
    language: str
    wording_version: str | None
    note: str | None
    next_at: datetime | None


class CallWhole(CallShown):
    """A call with what came of it before, and what to say, in both languages."""

    log: list[LogShown]
    script: dict[str, list[str]]


class Calls(BaseModel):
    """A page of calls, those due first, first."""

    items: list[CallShown]
    next: str | None


class CallLogs(BaseModel):
    """A page of calls that were made, the newest first."""

    items: list[LogShown]
    next: str | None


# Who is at a call at this moment, and how a number stands, is for the desk and not for a file.
TABLE = files.plain(CallShown, without=("numbers", "assigned_to", "at_it", "mine", "version"))
LOG_TABLE = files.plain(LogShown)
_COLUMNS = [name for name in CallShown.model_fields if name in CallTask.__table__.columns]


def _fields(task: CallTask, who: Identity, held: Mapping[UUID, queue.Held]) -> dict[str, Any]:
    member, claim = task.member, held.get(task.id)
    return {
        **{name: getattr(task, name) for name in _COLUMNS},
        "given_name": member.given_name if member else None,
        "family_name": member.family_name if member else None,
        "area": member.area if member else None,
        "language": member.language if member else "en",
        "numbers": [NumberShown.model_validate(contact) for contact in numbers(member)] if member else [],
        "number": queue.number_of(task),
        "at_it": claim.name if claim else None,
        "mine": claim is not None and claim.staff == queue.staff_of(who),
    }


def shown(task: CallTask, who: Identity, held: Mapping[UUID, queue.Held]) -> CallShown:
    """Return a call as a list shows it to this caller."""
    return CallShown(**_fields(task, who, held))


def whole(task: CallTask, who: Identity, held: Mapping[UUID, queue.Held], log: Iterable[CallLog]) -> CallWhole:
    """Return a call with all that a clerk needs to make it."""
    name = f"{task.member.given_name} {task.member.family_name}" if task.member else ""
    said = script.in_both(cast("Reason", task.reason), name)
    return CallWhole(**_fields(task, who, held), log=[LogShown.model_validate(each) for each in log], script=said)
