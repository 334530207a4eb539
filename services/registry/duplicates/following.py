"""What else points to a member: it follows a merge, or waits for its undoing. Whoever adds such a table says here which."""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.duplicates.joining import By
from shared.database import Transaction

Rows = dict[str, Any]

MOVED = ("call_task", "call_log", "key_person")
"""What is about the person; each table's key is `id`."""
LEFT_BEHIND = ("member_change", "member_code")
"""What is about the record: kept with the merge, and written again when it is undone."""
OWN = ("contact", "repeat", "likeness_keys", "likeness_pair")
"""What merging itself sees to."""

# Of two open tasks about the same thing one has become needless, and says so.
SETTLE_TASKS = text(
    "UPDATE call_task t SET done_at = :at, done_by = :staff, outcome = 'settled', version = version + 1"
    " WHERE member_id = :absorbed AND done_at IS NULL AND reason <> 'follow_up' AND EXISTS"
    " (SELECT FROM call_task k WHERE k.member_id = :kept AND k.reason = t.reason AND k.done_at IS NULL) RETURNING t.id::text"
)
OPEN_TASKS = text(
    "UPDATE call_task t SET done_at = NULL, done_by = NULL, outcome = NULL, version = version + 1 WHERE id::text = ANY (:keys)"
    " AND NOT EXISTS (SELECT FROM call_task o WHERE o.member_id = t.member_id AND o.reason = t.reason AND o.done_at IS NULL)"
).bindparams(bindparam("keys", type_=ARRAY(Text())))


async def move(session: Transaction, absorbed: UUID, kept: UUID, by: By) -> Rows:
    """Move what is about the person to the kept member; return what an undoing needs."""
    both = {"kept": kept, "absorbed": absorbed}
    settled = await session.execute(SETTLE_TASKS, {**both, "at": by.at, "staff": by.staff})
    found: Rows = {"settled": list(settled.scalars())}
    for table in MOVED:  # Names are ours, not typed.
        statement = f"UPDATE {table} SET member_id = :kept WHERE member_id = :absorbed RETURNING id::text"  # noqa: S608
        found[table] = list((await session.execute(text(statement), both)).scalars())
    for table in LEFT_BEHIND:
        statement = f"SELECT to_jsonb(f) FROM {table} f WHERE f.member_id = :absorbed"  # noqa: S608
        found[table] = list((await session.execute(text(statement), {"absorbed": absorbed})).scalars())
    return found


async def move_back(session: Transaction, found: Rows, absorbed: UUID, kept: UUID) -> None:
    """Give back what followed, and write again what was left behind."""
    for table in MOVED:
        statement = f"UPDATE {table} SET member_id = :absorbed WHERE id::text = ANY (:keys) AND member_id = :kept"  # noqa: S608
        bound = text(statement).bindparams(bindparam("keys", type_=ARRAY(Text())))
        await session.execute(bound, {"absorbed": absorbed, "kept": kept, "keys": found.get(table, [])})
    await session.execute(OPEN_TASKS, {"keys": found.get("settled", [])})
    for table in LEFT_BEHIND:
        statement = f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, :rows) ON CONFLICT DO NOTHING"  # noqa: S608
        await session.execute(text(statement).bindparams(bindparam("rows", type_=JSONB)), {"rows": found.get(table, [])})
