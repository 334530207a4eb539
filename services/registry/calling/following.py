"""Follow-ups: what staff have promised to come back to, with a member or a partner, and by when."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import text

from services.registry.calling import desk, queue
from services.registry.calling.model import CallTask
from services.registry.corrections import Note
from services.registry.scope import scope_of
from services.registry.scoped import as_ourselves
from shared.audit import note
from shared.clock import new_id, now
from shared.database import Transaction
from shared.errors import FieldError, Forbidden, Invalid, NotFound
from shared.identity import Identity
from shared.web.language import Language, mark

MOST_AHEAD = timedelta(days=5 * 366)
KNOWN = text("SELECT 1 FROM member WHERE id = :id")
HELD = text("SELECT 1 FROM member WHERE id = :id FOR KEY SHARE")
Partner = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class FollowUp(BaseModel):
    """What is to be come back to; a member's is on the call list once it is due."""

    model_config = ConfigDict(extra="forbid")

    member_id: UUID | None = None
    partner_code: Partner | None = None
    about: Note = Field(description="what was promised; the member can see it")
    due_at: AwareDatetime
    best_hour: Annotated[int, Field(strict=True, ge=0, le=23)] | None = Field(None, description="by Lesotho's clock")
    mine: bool = Field(False, description="only the caller is to do it")


async def plan(session: Transaction, wanted: FollowUp, who: Identity) -> CallTask:
    """Promise to come back to a member or a partner. The session is the caller's own, who need not see everybody.

    Raises:
        Invalid: something is missing or wrong.
        NotFound: there is no such member that the caller may know of.
        Forbidden: partners are not the business of a caller of some areas.
    """
    at, wrong = now(), []
    if (wanted.member_id is None) == (wanted.partner_code is None):
        wrong.append(FieldError("/member_id", mark("Name a member or a partner, and not both.")))
    if not wanted.about:
        wrong.append(FieldError("/about", mark("Write what was promised.")))
    if not at - timedelta(days=1) < wanted.due_at < at + MOST_AHEAD:
        wrong.append(FieldError("/due_at", mark("Choose a day from today to five years from now.")))
    if wrong:
        raise Invalid(errors=wrong)
    if wanted.partner_code is not None and scope_of(who).limited:
        raise Forbidden
    if wanted.member_id is not None and (await session.execute(KNOWN, {"id": wanted.member_id})).first() is None:
        raise NotFound
    await as_ourselves(session)
    if wanted.member_id is not None and (await session.execute(HELD, {"id": wanted.member_id})).first() is None:
        raise NotFound  # They were erased this moment.
    made = CallTask(
        id=new_id(),
        reason="follow_up",
        **wanted.model_dump(exclude={"mine"}),
        assigned_to=queue.staff_of(who) if wanted.mine else None,
        assigned_name=(who.name or who.id) if wanted.mine else None,
        made_at=at,
        made_by=who.name or who.id,
    )
    session.add(made)
    await session.flush()
    note(session, who, "follow_up_planned", [wanted.member_id] if wanted.member_id else (), call=str(made.id))
    return await desk.find(session, made.id)


async def end(session: Transaction, task_id: UUID, who: Identity, *, seen: int | None, language: Language) -> CallTask:
    """Say that a follow-up is done, without a call.

    Raises:
        NotFound: there is no such follow-up that the caller may know of.
        Conflict: it was done before, or is not as the caller has seen it.
    """
    task = await desk.find(session, task_id)
    if task.reason != "follow_up":
        raise NotFound
    await as_ourselves(session)
    await desk.lock_open(session, task, seen=seen, language=language)
    task.end("done", who.name or who.id, now())
    note(session, who, "follow_up_done", [task.member_id] if task.member_id else (), call=str(task.id))
    return task
