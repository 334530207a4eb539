"""What a clerk does at the desk, whether by its page or by a program: take a call, give it back, say what came of it."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.registry.calling import outcomes, queue, showing
from services.registry.calling.model import CallLog, CallTask
from services.registry.calling.outcomes import Said
from services.registry.keeping.changes import act_as
from services.registry.scoped import as_ourselves
from shared.audit import note
from shared.clock import now
from shared.database import Transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.identity import Identity
from shared.web.language import Language, translate
from shared.web.paging import Asked as Page

LOG_SHOWN = 20
"""Earlier calls shown with one to be made."""


async def page(session: Transaction, who: Identity, asked: queue.Asked, paging: Page, what: str, why: str | None = None) -> dict[str, Any]:
    """Return a page of the list, and note whom it shows, and why if that was asked."""
    found = list(await session.scalars(queue.listed(asked, after=paging.after, fetch=paging.fetch)))
    held = await queue.held_by(session, [task.id for task in found])
    note(session, who, what, {task.member_id for task in found[: paging.limit] if task.member_id}, why=why)
    return paging.answer(found, queue.key_of, lambda task: showing.shown(task, who, held))


async def find(session: Transaction, call_id: UUID) -> CallTask:
    """Return a call.

    Raises:
        NotFound: there is none that this caller may know of.
    """
    task = await queue.find(session, call_id)
    if task is None:
        raise NotFound
    return task


async def earlier(session: Transaction, task: CallTask) -> list[CallLog]:
    """Return the calls that were made to the same person before, the newest first."""
    same = CallLog.member_id == task.member_id if task.member_id else CallLog.task_id == task.id
    return list(await session.scalars(select(CallLog).where(same).order_by(CallLog.id.desc()).limit(LOG_SHOWN)))


async def take_next(session: Transaction, who: Identity, language: Language | None = None) -> CallTask | None:
    """Take the call that this clerk is at, else the first that is due and nobody else's; None if there is none."""
    present = await queue.mine(session, who)
    due = [present] if present else await queue.candidates(session, who, language)
    await as_ourselves(session)
    for task in due:
        if await queue.claim(session, task, who):
            return task
    return None


async def take(session: Transaction, task: CallTask, who: Identity, language: Language) -> None:
    """Take a call.

    Raises:
        Conflict: it is done with, nobody can be rung about it, or somebody else is at it or its number.
    """
    if task.done_at is not None:
        raise Conflict(translate(language, "This call is done with: %(by)s made it.", by=task.done_by or "–"))
    if queue.number_of(task) is None:
        raise Conflict(translate(language, "There is no number to ring."))
    if not await queue.claim(session, task, who):
        held = (await queue.held_by(session, [task.id])).get(task.id)
        if held is not None:
            raise Conflict(translate(language, "%(by)s is at this call now.", by=held.name))
        raise Conflict(translate(language, "Somebody else rings this number now."))


async def log(session: Transaction, task: CallTask, said: Said, who: Identity, language: Language) -> str | None:
    """Keep what came of a call, and do what follows; return the number of a receipt where the person was erased.

    Raises:
        Conflict: it is done with, or somebody else is at it or its number.
        Invalid: what is said does not fit together, or not this person.
    """
    at = now()
    await act_as(session, who)
    if said.erase and said.outcome == "withdrew" and task.member_id is not None:
        await take(session, task, who, language)
        member_id = task.member_id
        session.expunge_all()  # It is read again, under its locks.
        receipt = await outcomes.erase_caller(session, member_id, at=at)
        note(session, who, "member_erased", [member_id], how="call")
        return receipt
    member = await outcomes.lock(session, task)
    if task.member_id is not None and member is None:
        raise NotFound
    await take(session, task, who, language)
    if wrong := said.misfits(member, at):
        raise Invalid(errors=wrong)
    await outcomes.take_in(session, task, member, said, who, at=at)
    note(session, who, "call_logged", [task.member_id] if task.member_id else (), call=str(task.id), outcome=said.outcome)
    await session.flush()
    await queue.settle(session, task.id)
    return None


async def lock_open(session: Transaction, task: CallTask, *, seen: int | None, language: Language) -> None:
    """Lock a call that is to be arranged anew.

    Raises:
        Conflict: it is done with, or the caller has not seen how it stands.
    """
    await outcomes.lock_call(session, task)
    if task.done_at is not None:
        raise Conflict(translate(language, "This call is done with: %(by)s made it.", by=task.done_by or "–"))
    if seen is not None and seen != task.version:
        stands = {"version": task.version, "at": task.due_at.strftime("%Y-%m-%d %H:%M UTC"), "to": task.assigned_name or "–"}
        raise Conflict(translate(language, "The call is in version %(version)s now: due on %(at)s, assigned to %(to)s.", **stands))
