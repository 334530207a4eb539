"""What was changed since somebody looked: so that a clerk whose page is old is told what is different, and by whom it was made so."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from services.registry.selfservice_words import LABELS, ROLES
from shared.database import Transaction
from shared.errors import Conflict, FieldError, Invalid
from shared.identity import Identity
from shared.web.language import Language, mark, translate

ACT_AS = text("SELECT set_config('khokahano.actor', :actor, true)")
SINCE = text("SELECT version, at, fields, actor FROM member_change WHERE member_id = :member_id AND version > :seen ORDER BY version")
FIELDS = {
    **LABELS,
    "status": mark("Confirmed or not"),
    "area": mark("Area"),
    "channels": mark("Channels"),
    "information": mark("Consent to information"),
    "sharing": mark("Consent to sharing"),
}
MEMBER = "member"
MOST_TOLD = 20
"""Changes told at once, the newest of each field: a page holds no more."""


class Change(NamedTuple):
    """One version of a member: what it changed, when, and by whom if that is known (role and office, never a clerk's name)."""

    version: int
    at: datetime
    fields: list[str]
    actor: str | None


async def act_as(session: Transaction, who: Identity) -> None:
    """Have what this transaction changes of members noted as this caller's doing."""
    actor = MEMBER if who.kind == "link" else f"{who.role or ''}|{who.organisation}"
    await session.execute(ACT_AS, {"actor": actor})


async def since(session: Transaction, member_id: UUID, seen: int) -> list[Change]:
    """Return what was changed after this version, the first first."""
    return [Change(*row) for row in await session.execute(SINCE, {"member_id": member_id, "seen": seen})]


async def refuse_stale(session: Transaction, member_id: UUID, *, seen: int | None, stands: int, language: Language) -> None:
    """Let a change go on if its caller has seen the member as it stands, or says nothing of what they have seen.

    Raises:
        Conflict: the member was changed since; it names each field that is different, with when and by whom.
    """
    if seen is None or seen == stands:
        return
    said = translate(language, "Somebody else has changed this record: it is in version %(version)s now.", version=stands)
    newest = {field: change for change in await since(session, member_id, seen) for field in change.fields}
    told = [FieldError(f"/{field}", _told(field, change, language)) for field, change in sorted(newest.items())[:MOST_TOLD]]
    raise Conflict(said, errors=told)


def _told(field: str, change: Change, language: Language) -> str:
    values = {"field": translate(language, FIELDS.get(field, field)), "at": change.at.strftime("%Y-%m-%d %H:%M UTC")}
    by = _actor(change.actor, language)
    if by is None:
        return translate(language, "%(field)s: changed on %(at)s.", **values)
    return translate(language, "%(field)s: changed on %(at)s by %(by)s.", **values, by=by)


def _actor(actor: str | None, language: Language) -> str | None:
    if not actor:
        return None
    if actor == MEMBER:
        return translate(language, mark("the person"))
    role, _, office = actor.partition("|")
    return ", ".join(part for part in (translate(language, ROLES.get(role, role)), office) if part)


def seen_version(if_match: str | None, version: int | None = None) -> int | None:
    """Return the version that a caller has seen: what `If-Match` says, else the body; None if neither does.

    Raises:
        Invalid: `If-Match` holds no version of ours.
    """
    if if_match is None or if_match.strip() == "*":
        return version
    number = if_match.strip().removeprefix("W/").strip('"')
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise Invalid(errors=[FieldError("/header/If-Match", mark("Use a whole number."))])
    return int(number)
