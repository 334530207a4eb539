"""Who is put on the call list: people whom nothing but a call reaches, whose number is not confirmed, or whose address is lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from services.registry.calling.model import Reason
from shared.clock import new_id, now
from shared.database import Database, Transaction
from shared.pauses import wait_any
from shared.service import Context

EVERY_SECONDS = 60.0
PAGE = 500
BACK = timedelta(days=2)
"""How far back a process looks when it starts. Whoever was missed for longer is put on the list at night."""
OVERLAP = timedelta(minutes=10)
"""How late a registration's commit may be after its id was made."""

HAS_NUMBER = (
    "EXISTS (SELECT FROM contact WHERE contact.member_id = member.id AND kind IN ('phone', 'whatsapp') AND undeliverable_at IS NULL)"
)
HAS_MAIL = "EXISTS (SELECT FROM contact WHERE contact.member_id = member.id AND kind IN ('email', 'telegram') AND undeliverable_at IS NULL)"
BY_CALL_ONLY = f"({HAS_NUMBER} AND NOT {HAS_MAIL})"
"""Nothing that we write reaches them, or can be confirmed in writing."""
NEWCOMERS = text(
    f"SELECT id FROM member WHERE id > :after AND status = 'registered' AND {BY_CALL_ONLY}"  # noqa: S608  # Conditions of ours.
    " AND NOT EXISTS (SELECT FROM call_task WHERE member_id = member.id AND reason = 'confirm')"
    " ORDER BY id LIMIT :page"
)
LOST = text(
    f"SELECT member.id, member.status FROM member WHERE {BY_CALL_ONLY}"  # noqa: S608  # As above.
    " AND id IN (SELECT member_id FROM contact WHERE undeliverable_at > :since)"
    " AND NOT EXISTS (SELECT FROM call_task WHERE call_task.member_id = member.id"
    " AND reason IN ('confirm', 'lost_contact') AND (done_at IS NULL OR made_at > :since)) ORDER BY id LIMIT :page"
)
RAISE = text(
    "INSERT INTO call_task (id, reason, member_id, due_at, made_at)"
    " SELECT task_id, :reason, member.id, :at, :at FROM unnest(:task_ids, :member_ids) AS wanted (task_id, member_id)"
    " JOIN member ON member.id = wanted.member_id ORDER BY member.id FOR KEY SHARE OF member ON CONFLICT DO NOTHING RETURNING member_id"
).bindparams(bindparam("task_ids", type_=ARRAY(Uuid())), bindparam("member_ids", type_=ARRAY(Uuid())))
SETTLE = text(
    "UPDATE call_task SET done_at = :at, outcome = 'settled', version = version + 1 WHERE id IN (SELECT call_task.id FROM call_task"
    " JOIN member ON member.id = call_task.member_id WHERE done_at IS NULL AND reason = 'confirm' AND status = 'confirmed'"
    " ORDER BY call_task.id LIMIT :page FOR UPDATE OF call_task SKIP LOCKED)"
)


def first_id(at: datetime) -> UUID:
    """Return the lowest id that is made at this moment: ids tell their time (decision 5), so that they tell a record's age."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


async def raise_calls(context: Context) -> None:
    """Put people on the call list as they come to need it, until told to stop."""
    since = now() - BACK
    while not context.stopping.is_set():
        began = now()
        await raise_since(context.database, since, at=began)
        since = began - OVERLAP
        await wait_any(context.stopping, seconds=EVERY_SECONDS)


async def raise_since(database: Database, since: datetime, *, at: datetime) -> int:
    """Put on the list who has come to need a call since a moment; return how many. A second time nobody is put there twice."""
    raised, after = 0, first_id(since)
    while True:
        async with database.transaction() as session:
            found = list(await session.scalars(NEWCOMERS, {"after": after, "page": PAGE}))
            raised += await put_on_list(session, "confirm", found, at=at)
        if len(found) < PAGE:
            break
        after = found[-1]
    async with database.transaction() as session:
        lost = (await session.execute(LOST, {"since": since, "page": PAGE})).all()
        raised += await put_on_list(session, "confirm", [row.id for row in lost if row.status == "registered"], at=at)
        raised += await put_on_list(session, "lost_contact", [row.id for row in lost if row.status == "confirmed"], at=at)
    return raised


async def put_on_list(session: Transaction, reason: Reason, member_ids: Sequence[UUID], *, at: datetime) -> int:
    """Have these members rung for a reason; return how many were not on the list for it."""
    if not member_ids:
        return 0
    values = {"reason": reason, "at": at, "task_ids": [new_id() for _ in member_ids], "member_ids": list(member_ids)}
    return len((await session.execute(RAISE, values)).all())


async def settle_needless(session: Transaction, *, at: datetime) -> int:
    """End calls to people who have confirmed in another way, some at a time; return how many."""
    result = await session.execute(SETTLE, {"at": at, "page": PAGE})
    ended: int = result.rowcount  # type: ignore[attr-defined]  # An UPDATE has one.
    return ended
