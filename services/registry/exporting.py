"""Members as CSV: columns named as an import reads them, cells that no spreadsheet takes for a formula, pages in short transactions."""

import csv
import io
import re
from collections.abc import AsyncIterator

from services.registry.finding import Filters
from services.registry.model import Member
from services.registry.scope import Scope
from services.registry.searching import Key, page
from shared.audit import note
from shared.database import Database
from shared.identity import Identity

CONTACTS = ("email", "phone", "whatsapp")
PAGE = 500
"""Members read in one transaction: a long one would keep the outbox's dead rows from being cleaned."""
# fmt: off
COLUMNS = (
    "given_name", "family_name", "email", "phone", "whatsapp", "country", "province", "city", "home_district",
    "occupation", "birth_year", "gender", "diaspora_type", "needs", "language", "interests", "contributions",
    "contribution_note", "channels", "consent_registration", "consent_information", "consent_sharing", "partner_code",
    "member_id", "status", "registered_at", "confirmed_at",
)
# fmt: on
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # Excel takes full-width signs for the plain ones.


def guard(cell: str) -> str:
    """Return a cell that a spreadsheet shows as text: `'` goes before what it could run, and an import takes it away again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def columns(wanted: Filters) -> list[str]:
    """Return the columns of an export; what people need help with is in none that is about one place."""
    return [name for name in COLUMNS if name != "needs" or not (wanted.country or wanted.province)]


def _row(member: Member, names: list[str]) -> list[str]:
    contacts: dict[str, str] = {contact.kind: contact.value for contact in member.contacts}
    special = {
        **{kind: contacts.get(kind, "") for kind in CONTACTS},
        "member_id": str(member.id),
        "registered_at": member.registered_at.isoformat(),
        "confirmed_at": member.confirmed_at.isoformat() if member.confirmed_at else "",
        "consent_registration": "true",
        "consent_information": "true" if member.information else "false",
        "consent_sharing": "true" if member.sharing else "false",
    }
    return [guard(special[name] if name in special else _cell(getattr(member, name))) for name in names]


def _cell(value: object) -> str:
    return ";".join(value) if isinstance(value, list) else "" if value is None else str(value)


async def export(database: Database, wanted: Filters, scope: Scope, *, who: Identity, why: str) -> AsyncIterator[bytes]:
    """Give the file in pieces, beginning with its head; each page's ids are in the audit before its bytes are on their way."""
    names = columns(wanted)
    rows: list[list[str]] = [names]
    after: Key | None = None
    while True:
        async with database.transaction() as session:
            members = await page(session, wanted, scope, after=after, fetch=PAGE)
            note(session, who, "members_exported", (member.id for member in members), why=why)
        rows.extend(_row(member, names) for member in members)
        yield ("" if after else "\ufeff").encode() + _lines(rows)  # Excel reads UTF-8 only where a byte order mark says so.
        if len(members) < PAGE:
            return
        after, rows = (members[-1].registered_at, members[-1].id), []


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
