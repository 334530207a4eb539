"""Whom to ring next. A number is one clerk's for a while (a lease), so that nobody is rung by two at once, nor a family on one phone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, tuple_
from sqlalchemy.orm import selectinload

from services.registry.calling.model import CallTask, Reason, numbers
from services.registry.cursors import moment_and_id
from services.registry.model import Member
from shared.database import Transaction
from shared.identity import Identity
from shared.web.paging import Key

LEASE_SECONDS = 900
"""How long a number is one clerk's: longer than most calls. Who speaks for longer keeps it, unless somebody else has taken it since."""
LOOKED_AT = 20
"""Calls that are due, of which the first that nobody else is at is given out."""

CLAIM = text(
    "INSERT INTO call_claim (number, task_id, staff, staff_name, until)"
    " SELECT CAST(:number AS text), id, :staff, :name, now() + make_interval(secs => :lease)"
    " FROM call_task WHERE id = :task_id FOR KEY SHARE"
    " ON CONFLICT (number) DO UPDATE SET task_id = excluded.task_id, staff = excluded.staff, staff_name = excluded.staff_name,"
    " until = excluded.until WHERE call_claim.until <= now() OR call_claim.staff = excluded.staff RETURNING task_id"
)
RELEASE = text("DELETE FROM call_claim WHERE staff = :staff AND (CAST(:but AS uuid) IS NULL OR task_id <> :but)")
SETTLE_CLAIMS = text("DELETE FROM call_claim WHERE task_id = :task_id OR until <= now()")
MINE = text("SELECT task_id FROM call_claim WHERE staff = :staff AND until > now() ORDER BY until DESC LIMIT 1")
HELD = text("SELECT task_id, staff, staff_name, until FROM call_claim WHERE task_id = ANY (:ids) AND until > now()")
NOT_TAKEN = text(
    "(NOT EXISTS (SELECT FROM call_claim WHERE until > now() AND staff <> :staff AND (call_claim.task_id = call_task.id"
    " OR call_claim.number = call_task.number"
    " OR call_claim.number IN (SELECT value FROM contact WHERE contact.member_id = call_task.member_id))))"
)

State = Literal["due", "open", "done"]


@dataclass(frozen=True)
class Asked:
    """What a caller looks for in the list; what is None does not matter."""

    state: State = "due"
    reason: Reason | None = None
    language: str | None = None
    member_id: UUID | None = None
    partner_code: str | None = None
    assigned_to: str | None = None


@dataclass(frozen=True)
class Held:
    """Who is at a call now."""

    staff: str
    name: str
    until: datetime


def staff_of(who: Identity) -> str:
    """Return what a caller's claims are known by."""
    return f"{who.kind}:{who.id}"


def needed() -> ColumnElement[bool]:
    """Return the condition that a call is still of use: who has confirmed in another way need not be asked."""
    return or_(CallTask.reason != "confirm", Member.status == "registered")


def listed(asked: Asked, *, after: Key | None, fetch: int) -> Select[CallTask]:
    """Return the query for a page of calls or follow-ups, those due first, first."""
    open_ones = and_(CallTask.done_at.is_(None), needed())
    tests: list[ColumnElement[bool]] = [CallTask.done_at.is_not(None) if asked.state == "done" else open_ones]
    if asked.state == "due":
        tests.append(CallTask.due_at <= func.now())
    for column, value in (
        (CallTask.reason, asked.reason),
        (CallTask.member_id, asked.member_id),
        (CallTask.partner_code, asked.partner_code),
        (CallTask.assigned_to, asked.assigned_to),
    ):
        if value is not None:
            tests.append(column == value)
    if asked.language is not None:
        tests.append(Member.language == asked.language)
    if (place := moment_and_id(after)) is not None:
        tests.append(tuple_(CallTask.due_at, CallTask.id) > place)
    return whole().where(*tests).order_by(CallTask.due_at, CallTask.id).limit(fetch)


def whole() -> Select[CallTask]:
    """Return the query for calls with the member and their contacts, as they are now."""
    with_member = select(CallTask).outerjoin(Member, Member.id == CallTask.member_id)
    return with_member.options(selectinload(CallTask.member).selectinload(Member.contacts)).execution_options(populate_existing=True)


def key_of(task: CallTask) -> Key:
    """Return a call's place in the list."""
    return task.due_at.isoformat(), str(task.id)


async def find(session: Transaction, task_id: UUID) -> CallTask | None:
    """Return a call with its member."""
    return await session.scalar(whole().where(CallTask.id == task_id))


async def held_by(session: Transaction, task_ids: Iterable[UUID]) -> dict[UUID, Held]:
    """Return who is at these calls now."""
    rows = await session.execute(HELD, {"ids": list(task_ids)})
    return {UUID(int=row.task_id.int): Held(row.staff, row.staff_name, row.until) for row in rows}


async def mine(session: Transaction, who: Identity) -> CallTask | None:
    """Return the call that this clerk is at."""
    found = await session.scalar(MINE, {"staff": staff_of(who)})
    task = await find(session, found) if found else None
    return task if task and task.done_at is None else None


async def candidates(session: Transaction, who: Identity, language: str | None = None) -> Sequence[CallTask]:
    """Return calls that are due, that nobody else is at, and that are not another clerk's; the first is the one to make."""
    query = whole().where(
        CallTask.done_at.is_(None),
        CallTask.due_at <= func.now(),
        CallTask.partner_code.is_(None),
        or_(CallTask.assigned_to.is_(None), CallTask.assigned_to == staff_of(who)),
        needed(),
        NOT_TAKEN,
    )
    if language is not None:
        query = query.where(Member.language == language)
    query = query.order_by(CallTask.due_at, CallTask.id).limit(LOOKED_AT)
    return list(await session.scalars(query, {"staff": staff_of(who)}))


async def claim(session: Transaction, task: CallTask, who: Identity) -> bool:
    """Make a call this clerk's for a while, and give back whatever else they were at; False if its number is somebody else's now."""
    number = number_of(task)
    if number is None:
        return False
    if (held := (await held_by(session, [task.id])).get(task.id)) and held.staff != staff_of(who):
        return False
    await session.execute(RELEASE, {"staff": staff_of(who), "but": task.id})
    values = {"number": number, "task_id": task.id, "staff": staff_of(who), "name": who.name or who.id, "lease": LEASE_SECONDS}
    return (await session.execute(CLAIM, values)).first() is not None


async def release(session: Transaction, who: Identity) -> None:
    """Give back whatever this clerk is at."""
    await session.execute(RELEASE, {"staff": staff_of(who), "but": None})


async def settle(session: Transaction, task_id: UUID) -> None:
    """End the claim on a call, and those that have lapsed: their numbers are not kept longer."""
    await session.execute(SETTLE_CLAIMS, {"task_id": task_id})


def number_of(task: CallTask) -> str | None:
    """Return the number to ring; None where nothing is left to ring, or it is no call to a person."""
    if task.member is None:
        return task.number
    return next((contact.value for contact in numbers(task.member)), None)
