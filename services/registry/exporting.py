"""Members as CSV or XLSX: columns named as an import reads them, cells that no spreadsheet runs, pages in short transactions."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Literal, Protocol
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from services.registry.finding import Filters
from services.registry.model import Member
from services.registry.scope import Scope
from services.registry.scoped import scoped
from services.registry.searching import Key, page
from shared.audit import note
from shared.database import Database, Transaction
from shared.identity import Identity
from shared.workbook import MEDIA_TYPE, Cell, Workbook

CONTACTS = ("email", "phone", "whatsapp")
PAGE = 500
"""Members read in one transaction: a long one would keep the outbox's dead rows from being cleaned."""
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
Form = Literal["csv", "xlsx"]
MEDIA_TYPES: dict[Form, str] = {"csv": "text/csv", "xlsx": MEDIA_TYPE}
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # Excel takes full-width signs for the plain ones.


def guard(cell: str) -> str:
    """Return a cell that a spreadsheet shows as text: `'` goes before what it could run, and an import takes it away again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def columns(wanted: Filters) -> list[str]:
    """Return the columns of an export; what people need help with is in none that is about one place."""
    return [name for name in COLUMNS if name != "needs" or not (wanted.country or wanted.province)]


class _File(Protocol):
    """A table that is being written: what of it has come together, piece by piece."""

    def add(self, rows: Iterable[Sequence[Cell]]) -> bytes: ...

    def close(self) -> bytes: ...


class Lines:
    """CSV. A cell that a spreadsheet could run is guarded; XLSX says of each cell that it is a text, and needs no guard."""

    def __init__(self) -> None:
        self._mark = "\ufeff"  # Excel reads UTF-8 only where a byte order mark says so.

    def add(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Return rows as lines."""
        written = io.StringIO(self._mark, newline="")
        written.seek(0, io.SEEK_END)
        csv.writer(written).writerows([guard(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
        self._mark = ""
        return written.getvalue().encode()

    def close(self) -> bytes:
        """Return the end of the file: nothing."""
        return b""


FILES: dict[Form, type[Lines] | type[Workbook]] = {"csv": Lines, "xlsx": Workbook}


def asked(accept: str, form: str | None) -> Form | None:
    """Return the form of file that is asked for, by `?format=` or by what `Accept` begins with; None for JSON."""
    if form is not None:
        return next((each for each in MEDIA_TYPES if each == form), None)
    return next((each for each, media_type in MEDIA_TYPES.items() if accept.lower().startswith(media_type)), None)


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


async def export(database: Database, wanted: Filters, scope: Scope, *, who: Identity, why: str, form: Form = "csv") -> AsyncIterator[bytes]:
    """Give the file in pieces, beginning with its head; each page's ids are in the audit before its bytes are on their way."""
    file: _File = FILES[form]()
    names = columns(wanted)
    yield await asyncio.to_thread(file.add, [names])
    after: Key | None = None
    while True:
        async with scoped(database, who) as session:
            members = await page(session, wanted, scope, after=after, fetch=PAGE)
            wordings = await _wordings(session, members)
            note(session, who, "members_exported", (member.id for member in members), why=why)
        # Some hundred rows take tens of milliseconds, in which others would wait.
        yield await asyncio.to_thread(_page, file, members, names, wordings)
        if len(members) < PAGE:
            yield await asyncio.to_thread(file.close)
            return
        after = (members[-1].registered_at, members[-1].id)


async def _wordings(session: Transaction, members: Sequence[Member]) -> dict[UUID, str]:
    """Return the version of the wording by which each of these members agreed to be registered."""
    found = await session.execute(WORDINGS, {"ids": [member.id for member in members]})
    return {row.member_id: row.wording_version for row in found}


def _page(file: _File, members: Iterable[Member], names: Sequence[str], wordings: Mapping[UUID, str]) -> bytes:
    return file.add([_row(member, names, wordings) for member in members])
