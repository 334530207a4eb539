"""Who of the staff did what: the audit, as far as a caller may see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import BigInteger, DateTime, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.registry import files
from services.registry.scope import Scope
from services.registry.scoped import SEEN, finding
from shared.database import Transaction
from shared.identity import Identity

WALKED = 2000
"""Entries looked at for a page of a scoped caller, at most: few of them may be about their areas, and the next page goes on."""
_TRAIL = text(
    "SELECT id, at, who, role, organisation, what, ids, detail, why FROM audit WHERE id < :before AND id >= :from_id"
    " AND (CAST(:office AS text) IS NULL OR (CASE WHEN :office = '' THEN who = :who ELSE organisation = :office END))"
    " AND (CAST(:what AS text) IS NULL OR what = :what)"
    " AND (CAST(:member AS uuid) IS NULL OR ids @> ARRAY[CAST(:member AS uuid)])"
    " AND (CAST(:since AS timestamptz) IS NULL OR at >= :since)"
    " ORDER BY id DESC LIMIT :fetch"
)
TRAIL = _TRAIL.bindparams(
    bindparam("before", type_=BigInteger()),
    bindparam("from_id", type_=BigInteger()),
    bindparam("office", type_=Text()),
    bindparam("what", type_=Text()),
    bindparam("member", type_=Uuid()),
    bindparam("since", type_=DateTime(timezone=True)),
).columns(detail=JSONB)
NEWEST = text("SELECT coalesce(max(id), 0) FROM audit")


class Entry(BaseModel):
    """One act. `who` is told to administrators, and to whoever did it; others are told role and office."""

    id: int
    at: datetime
    who: str | None
    role: str
    office: str
    what: str
    members: list[UUID]
    detail: dict[str, Any]
    why: str | None


def _row(entry: Entry) -> files.Row:
    told = (entry.id, entry.at, entry.who, entry.role, entry.office, entry.what, entry.why, orjson.dumps(entry.detail).decode())
    return [*map(files.cell, told), len(entry.members), str(entry.members[0]) if len(entry.members) == 1 else None]


TABLE = files.Table(("id", "at", "who", "role", "office", "what", "why", "detail", "members", "member"), _row)
"""An act a row. Of an act about several only their number: else each file would note all whom the files before it have noted."""


@dataclass(frozen=True)
class Wanted:
    """What a caller looks for in the audit; what is None does not matter."""

    what: str | None = None
    member: UUID | None = None
    since: datetime | None = None


class Page(NamedTuple):
    """Entries, and before which the following page goes on; None if there is none."""

    entries: list[Entry]
    rest: int | None


async def trail(session: Transaction, who: Identity, scope: Scope, wanted: Wanted, *, before: int | None, limit: int) -> Page:
    """Return acts that this caller may see, the newest first, of those that are older than `before`; a page can be short, or empty.

    An administrator sees all, others what their own office did; a scoped caller of these what was done about people of the scope, and of
    the people in an act those only.
    """
    mine = f"{who.kind}:{who.id}"
    if before is None:
        async with finding(session):
            before = int(await session.scalar(NEWEST) or 0) + 1
    from_id = max(0, before - WALKED) if scope.limited else 0
    asked = {
        "before": before,
        "from_id": from_id,
        "office": None if who.role == "admin" else who.organisation,
        "who": mine,
        "what": wanted.what,
        "member": wanted.member,
        "since": wanted.since,
        "fetch": limit + 1,
    }
    found = (await session.execute(TRAIL, asked)).all()
    rows = found[:limit]
    seen: set[UUID] | None = None
    if scope.limited:
        everybody = sorted({member for row in rows for member in row.ids})
        seen = set((await session.execute(SEEN, {"ids": everybody})).scalars())
    entries = [
        Entry(
            id=row.id,
            at=row.at,
            who=row.who if who.role == "admin" or row.who == mine else None,
            role=row.role,
            office=row.organisation,
            what=row.what,
            members=[member for member in row.ids if seen is None or member in seen],
            detail=row.detail,
            why=row.why,
        )
        for row in rows
    ]
    return Page(entries, rows[-1].id if len(found) > limit else from_id or None)
