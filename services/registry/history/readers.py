"""Who has read of a member or changed their record, as the member is shown it: role, office, day and reason, and never a clerk's name."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from services.registry.duplicates import leading
from shared.database import Transaction

READERS = text(
    "SELECT CAST(at AT TIME ZONE 'UTC' AS date) AS day, role, organisation, what, why, count(*) AS times FROM audit"
    " WHERE ids && :ids AND role <> ''"
    " GROUP BY day, role, organisation, what, why ORDER BY day DESC, max(id) DESC LIMIT :most"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
MOST_SHOWN = 200
"""Lines on one page, the newest first; all of them are in the file that a member takes with them."""
MOST_TAKEN = 100_000


class Reading(NamedTuple):
    """What somebody of an office did on one day, with the same reason, so many times."""

    day: date
    role: str
    organisation: str
    what: str
    why: str | None
    times: int


async def readers(session: Transaction, member_id: UUID, *, most: int = MOST_SHOWN) -> list[Reading]:
    """Return who has read of a member, the newest first; a record that was merged into theirs was theirs, too."""
    ids = [member_id, *await leading.halves(session, member_id)]
    return [Reading(*row) for row in await session.execute(READERS, {"ids": ids, "most": most})]
