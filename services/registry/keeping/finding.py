"""Which records are older than the rules allow, a page at a time, along an index; looking changes nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, text

from services.registry.calling.raising import BY_CALL_ONLY, HAS_NUMBER, first_id
from services.registry.keeping.rules import Old, Rules, Why
from shared.database import Transaction

PAGE = 50
"""Records gone through in one transaction: an erasure is ten statements, and others wait for its locks."""
FIRST = UUID(int=0)

LISTED = "(SELECT max(made_at) FROM call_task WHERE call_task.member_id = member.id AND reason IN ({reasons}){since})"
AGREED = (
    "EXISTS (SELECT FROM call_task LEFT JOIN call_claim ON call_claim.task_id = call_task.id AND until > now()"
    " WHERE call_task.member_id = member.id AND done_at IS NULL AND (until IS NOT NULL OR (attempts > 0 AND due_at > :at)))"
)
# A member's id tells since when we have the record. What a submission says of its own age may be older.
AGED = "member.registered_at < :since AND member.id < :first"
SIGNS = {
    "consent": "consent.member_id = member.id AND consent.at >= :since",
    "repeat": "repeat.member_id = member.id AND repeat.at >= :since",
    "call_log": "call_log.member_id = member.id AND outcome = 'reached' AND call_log.at >= :since",
    "audit": "audit.ids @> ARRAY[member.id] AND who LIKE 'link:%' AND audit.at >= :since",
}
NO_SIGN = " AND ".join(f"NOT EXISTS (SELECT FROM {table} WHERE {sign})" for table, sign in SIGNS.items())
SILENT = f"status = 'confirmed' AND confirmed_at < :since AND information = '{{}}' AND {NO_SIGN}"


def _members(where: str, by_call: str, reasons: str) -> TextClause:
    # The page is found first, so that what else is asked of its members is asked of so many and no more.
    listed = LISTED.format(reasons=reasons, since="")
    return text(
        f"SELECT member.id AS member_id, NULL::uuid AS contact_id, registered_at AS place, member.id AS place_id, false AS stands,"  # noqa: S608
        f" {by_call} AS by_call, {listed} AS listed_at, {AGREED} AS agreed FROM (SELECT id, registered_at FROM member"
        f" WHERE {AGED} AND {where} AND (registered_at, member.id) > (:after, :after_id) ORDER BY registered_at, member.id LIMIT :page"
        ") AS member ORDER BY registered_at, member.id"
    )


# Who lost their last confirmed contact counts as unconfirmed again, from that day on (decision 22).
UNCONFIRMED = (
    "status = 'registered' AND NOT EXISTS (SELECT FROM member_change WHERE member_change.member_id = member.id"
    " AND member_change.at >= :since AND 'status' = ANY (member_change.fields))"
)
STANDS = (
    "EXISTS (SELECT FROM contact AS other WHERE other.member_id = member.id AND other.value_key <> contact.value_key"
    " AND (other.confirmed_at IS NOT NULL OR status = 'registered'))"
)
LISTED_SINCE = LISTED.format(reasons="'confirm', 'lost_contact'", since=" AND made_at >= undeliverable_at")
QUERIES: dict[Why, TextClause] = {
    "unconfirmed": _members(UNCONFIRMED, BY_CALL_ONLY, "'confirm'"),
    "inactive": _members(SILENT, HAS_NUMBER, "'inactive'"),
    "bounced": text(
        "SELECT member.id AS member_id, contact.id AS contact_id, undeliverable_at AS place, contact.id AS place_id,"  # noqa: S608  # Ours.
        f" {STANDS} AS stands, {HAS_NUMBER} AS by_call, {LISTED_SINCE} AS listed_at, {AGREED} AS agreed"
        " FROM (SELECT id, member_id, value_key, undeliverable_at FROM contact"
        " WHERE undeliverable_at < :since AND (undeliverable_at, id) > (:after, :after_id) ORDER BY undeliverable_at, id LIMIT :page"
        ") AS contact JOIN member ON member.id = contact.member_id ORDER BY undeliverable_at, contact.id"
    ),
}
BEGINNING = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


async def page(session: Transaction, why: Why, rules: Rules, *, at: datetime, after: Old | None = None) -> Sequence[Old]:
    """Return the next records that are too old for a rule, the oldest first; none where the rule keeps all for ever."""
    since = rules.since(why, at)
    if since is None:
        return ()
    place, place_id = after.place if after else (BEGINNING, FIRST)
    values = {"since": since, "at": at, "after": place, "after_id": place_id, "page": PAGE}
    if why != "bounced":  # A contact's own moment is when it bounced.
        values["first"] = first_id(since)
    return [
        Old(why, row.member_id, (row.place, row.place_id), row.contact_id, row.by_call, row.stands, row.listed_at, row.agreed)
        for row in await session.execute(QUERIES[why], values)
    ]
