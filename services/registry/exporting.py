"""Members as a table: columns named as an import reads them, whom it holds in the audit before a page is sent."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from services.registry import files
from services.registry.finding import Filters
from services.registry.model import Member
from services.registry.scope import Scope
from services.registry.scoped import scoped
from services.registry.searching import Key, page
from shared.audit import note
from shared.database import Database, Transaction
from shared.identity import Identity

CONTACTS = ("email", "phone", "whatsapp")
# fmt: off
COLUMNS = (
    "given_name", "family_name", "email", "phone", "whatsapp", "country", "province", "city", "home_district",
    "occupation", "birth_year", "gender", "diaspora_type", "needs", "language", "interests", "contributions",
    "contribution_note", "channels", "consent_registration", "consent_information", "consent_sharing",
    "consent_text_version", "partner_code", "member_id", "status", "registered_at", "confirmed_at",
)
# fmt: on
WORDINGS = text(
    "SELECT DISTINCT ON (member_id) member_id, wording_version FROM consent"
    " WHERE member_id = ANY (:ids) AND purpose = 'registration' AND given AND wording_version IS NOT NULL ORDER BY member_id, id DESC"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))


def columns(wanted: Filters) -> list[str]:
    """Return the columns of an export; what people need help with is in none that is about one place."""
    return [name for name in COLUMNS if name != "needs" or not (wanted.country or wanted.province)]


def _row(member: Member, names: Sequence[str], wordings: Mapping[UUID, str]) -> list[str]:
    contacts: dict[str, str] = {contact.kind: contact.value for contact in member.contacts}
    special = {
        **{kind: contacts.get(kind, "") for kind in CONTACTS},
        # What is imported agrees to information on every channel that it names.
        "channels": ";".join(member.information or member.channels),
        "member_id": str(member.id),
        "registered_at": member.registered_at.isoformat(),
        "confirmed_at": member.confirmed_at.isoformat() if member.confirmed_at else "",
        "consent_registration": "true",
        "consent_information": "true" if member.information else "false",
        "consent_sharing": "true" if member.sharing else "false",
        "consent_text_version": wordings.get(member.id, ""),
    }
    return [special[name] if name in special else _cell(getattr(member, name)) for name in names]


def _cell(value: object) -> str:
    return ";".join(value) if isinstance(value, list) else "" if value is None else str(value)


async def export(database: Database, wanted: Filters, scope: Scope, *, who: Identity, why: str) -> AsyncIterator[Iterable[files.Row]]:
    """Give the rows page by page; each page's ids are in the audit before its bytes are on their way."""
    names = columns(wanted)
    after: Key | None = None
    while True:
        async with scoped(database, who) as session:
            members = await page(session, wanted, scope, after=after, fetch=files.PAGE)
            wordings = await _wordings(session, members)
            note(session, who, "members_exported", (member.id for member in members), why=why)
        yield _rows(members, names, wordings)
        if len(members) < files.PAGE:
            return
        after = (members[-1].registered_at, members[-1].id)


async def _wordings(session: Transaction, members: Sequence[Member]) -> dict[UUID, str]:
    """Return the version of the wording by which each of these members agreed to be registered."""
    found = await session.execute(WORDINGS, {"ids": [member.id for member in members]})
    return {row.member_id: row.wording_version for row in found}


def _rows(members: Iterable[Member], names: Sequence[str], wordings: Mapping[UUID, str]) -> Iterable[files.Row]:
    return (_row(member, names, wordings) for member in members)
