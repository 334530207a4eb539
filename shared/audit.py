"""Who looked at whom, what they changed, and why. Every service keeps such a table; rows are added, never changed."""

from collections.abc import Iterable
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import before_commit
from shared.identity import Identity

WRITE = text(
    "INSERT INTO audit (who, role, organisation, what, ids, detail, why)"
    " VALUES (:who, :role, :organisation, :what, :ids, CAST(:detail AS jsonb), :why)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("why", type_=Text()))


def note(
    session: AsyncSession, who: Identity, what: str, ids: Iterable[UUID] = (), *, why: str | None = None, **detail: str | int | None
) -> None:
    """Write down, in the transaction of the act itself, who did or read what, so that nothing is shown without its record.

    Args:
        what: the act, such as `members_listed`; a list is one row.
        ids: the people who were shown or changed.
        why: the reason that was given.
        detail: what else there is to say; no personal data.
    """
    row = {
        "who": f"{who.kind}:{who.link.subject if who.link else who.id}",
        "role": who.role or "",
        "organisation": who.organisation,
        "what": what,
        "ids": list(ids),
        "detail": orjson.dumps(detail).decode(),
        "why": why,
    }

    async def write(session: AsyncSession) -> None:
        await session.execute(WRITE, row)

    before_commit(session, write)
