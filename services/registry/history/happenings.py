"""One timeline of a member: how they came, what they answered, what was changed, who read of them, who rang, what was merged.

Each kind is one query in the table below. A new kind is a new entry there: nothing else knows how many there are.
"""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import DateTime, Text, TextualSelect, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.history.acts import READS
from shared.database import Transaction

TOLD_ELSEWHERE = ("consent_recorded", "member_corrected", "contact_confirmed", "call_logged", "members_merged", "merge_undone")
"""Acts whose outcome has a kind of its own: as an act they would be told twice."""

_AUDIT = (
    "SELECT id::text, at, what, role, organisation, why, detail FROM audit WHERE ids @> ARRAY[CAST(:member_id AS uuid)]"
    " AND what {these} AND role <> ''"
)
SOURCES = {
    "registered": "SELECT id::text, registered_at, way, '', '', NULL, jsonb_build_object('partner_code', partner_code)"
    " FROM member WHERE id = :member_id",
    "repeated": "SELECT submission_id::text, at, '', '', '', NULL, '{}'::jsonb FROM repeat WHERE member_id = :member_id",
    "confirmed": "SELECT id::text, confirmed_at, kind, '', '', NULL, '{}'::jsonb"
    " FROM contact WHERE member_id = :member_id AND confirmed_at IS NOT NULL",
    "undeliverable": "SELECT id::text, undeliverable_at, kind, '', '', NULL, '{}'::jsonb"
    " FROM contact WHERE member_id = :member_id AND undeliverable_at IS NOT NULL",
    "consent": "SELECT id::text, at, CASE WHEN given THEN 'given' ELSE 'withdrawn' END, '', coalesce(office, ''), outcome,"
    " jsonb_build_object('purpose', purpose, 'channel', channel, 'recipient', recipient, 'way', way, 'wording_version', wording_version)"
    " FROM consent WHERE member_id = :member_id",
    "changed": "SELECT version::text, at, '', split_part(coalesce(actor, ''), '|', 1), split_part(coalesce(actor, ''), '|', 2), NULL,"
    " jsonb_build_object('version', version, 'fields', fields) FROM member_change WHERE member_id = :member_id",
    "call": "SELECT id::text, at, outcome, '', office, NULL, jsonb_build_object('language', language, 'next_at', next_at)"
    " FROM call_log WHERE member_id = :member_id",
    "merged": "SELECT id::text, at, 'merged', '', office, NULL, jsonb_build_object('absorbed', absorbed_id)"
    " FROM merge WHERE kept_id = :member_id",
    "merge_undone": "SELECT id::text, undone_at, 'merge_undone', '', '', NULL, jsonb_build_object('absorbed', absorbed_id)"
    " FROM merge WHERE kept_id = :member_id AND undone_at IS NOT NULL",
    "read": _AUDIT.format(these="= ANY (CAST(:reads AS text[]))"),
    "act": _AUDIT.format(these="<> ALL (CAST(:reads AS text[]) || CAST(:elsewhere AS text[]))"),
}
"""Kind → its query: a key of its own, when, what, the role and office of whoever did it, why, and what else there is to say."""


class Happening(BaseModel):
    """One thing that happened.

    Attributes:
        kind: `registered`, `repeated`, `confirmed`, `undeliverable`, `consent`, `changed`, `call`, `merged`, `merge_undone`, `read` or
            `act`; more may come.
        what: the way of a registration, the kind of a contact, the outcome of a call, the act of the staff.
        role: of the staff who did it; empty where it was nobody of the staff, or is not known. Never a name.
    """

    key: str
    at: datetime
    kind: str
    what: str
    role: str
    office: str
    why: str | None
    detail: dict[str, Any]


@cache
def _query(kinds: tuple[str, ...]) -> TextualSelect:
    one = (
        "SELECT ('{kind}:' || key) COLLATE \"C\" AS key, at, '{kind}' AS kind, what, role, office, why, detail"
        " FROM ({query}) AS one (key, at, what, role, office, why, detail)"
    )
    union = " UNION ALL ".join(one.format(kind=kind, query=SOURCES[kind]) for kind in kinds)
    query = text(
        f"SELECT * FROM ({union}) AS happened"  # noqa: S608  # Every word is ours.
        " WHERE CAST(:at AS timestamptz) IS NULL OR (at, key) < (:at, :key) ORDER BY at DESC, key DESC LIMIT :fetch"
    )
    types = (bindparam("member_id", type_=Uuid()), bindparam("at", type_=DateTime(timezone=True)), bindparam("key", type_=Text()))
    return query.bindparams(*types).columns(detail=JSONB)


async def happenings(
    session: Transaction, member_id: UUID, *, kinds: tuple[str, ...], after: tuple[datetime, str] | None, fetch: int
) -> list[Happening]:
    """Return what happened with a member, the newest first.

    The caller has seen to it that this member may be seen; the session is the service's own.
    """
    at, key = after or (None, "")
    values: dict[str, Any] = {"member_id": member_id, "at": at, "key": key, "fetch": fetch}
    if {"read", "act"} & set(kinds):
        values["reads"] = sorted(READS)
    if "act" in kinds:
        values["elsewhere"] = sorted(TOLD_ELSEWHERE)
    return [Happening.model_validate(row, from_attributes=True) for row in await session.execute(_query(kinds), values)]
