"""Calls as the person sees them whom they were made to: never a clerk's name."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.registry.calling.model import CallLog, CallTask
from shared.database import Transaction

MADE = ("at", "office", "outcome", "language", "wording_version", "note", "next_at")
PLANNED = ("reason", "about", "due_at", "best_hour", "attempts", "made_at", "done_at", "outcome")


async def calls_of(session: Transaction, member_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Return all that is held of calls to a member: those that were made, and those that were or are to be made; the newest first."""
    made = await session.scalars(select(CallLog).where(CallLog.member_id == member_id).order_by(CallLog.id.desc()))
    planned = await session.scalars(select(CallTask).where(CallTask.member_id == member_id).order_by(CallTask.made_at.desc()))
    return {
        "calls": [{name: getattr(each, name) for name in MADE} for each in made],
        "calls_planned": [{name: getattr(each, name) for name in PLANNED} for each in planned],
    }
