"""What a sheet's row becomes: its cells under the fields' names, with what was said once for the whole sheet, through the form's rules."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

from services.gateway import form
from services.gateway.form.rules import RegistrationForm
from services.gateway.form.sources import from_row
from services.gateway.sheets import Record
from services.gateway.sheets.headings import FIELDS, STATED, fold
from services.gateway.sheets.reading import FAULTS
from shared import facts, logging
from shared.clock import now
from shared.contracts.gateway import ConsentProof, Language, RegistrationSubmitted
from shared.errors import Invalid
from shared.web.language import mark, translate
from shared.web.pages import Filled

log = logging.get(__name__)

BASES = ("paper", "list", "spoken", "other")
"""How the people of a sheet without consent columns agreed: on signed forms, to an association's list, by word of mouth."""
BASIS_MOST = 300
HEADING_MOST = 80
OUR_FAULT = mark("This row could not be read, by a fault of ours.")
ELSEWHERE = mark("This person lives outside the areas that you look after.")
_LOOKS_GUARDED = re.compile(r" *'[=+\-@\t]")
_TEXTS = frozenset({"given_name", "family_name", "city", "occupation", "contribution_note", "partner_code"})
_WORDS = {
    "gender": {"f": "female", "woman": "female", "mosali": "female", "m": "male", "man": "male", "monna": "male"},
    "language": {"english": "en", "senyesemane": "en", "sesotho": "st", "sothosesotho": "st"},
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell, or with a whole row (`column` is empty).

    Attributes:
        column: the sheet's own heading, or the field's name where the sheet has no such column.
        reason_st: the same reason in Sesotho.
    """

    line: int
    column: str
    reason: str
    reason_st: str


@dataclass(frozen=True)
class Plan:
    """How the rows of one sheet are to be read.

    Attributes:
        columns: the headings.
        fields: what each column is; empty for one that means nothing to us.
        stated: what holds for every row whose own cell is empty, by field.
        basis: how these people agreed, where no column says so.
        areas: the only ones in which these people may live; empty for no such limit.
        proof: what is kept beside each of their consents.
    """

    columns: tuple[str, ...]
    fields: tuple[str, ...]
    stated: Mapping[str, str] = field(default_factory=dict)
    basis: str = ""
    areas: tuple[str, ...] = ()
    proof: ConsentProof | None = None

    def cells(self, cells: Sequence[str]) -> dict[str, str]:
        """Return a row's cells under the fields' names."""
        named = {name: _plain(name, cell) for name, cell in zip(self.fields, cells, strict=False) if name}
        for name, value in self.stated.items():
            if not named.get(name, "").strip():
                named[name] = value
        if self.basis and "consent_registration" not in self.fields:
            named["consent_registration"] = "yes"
        return named

    def heading(self, name: str) -> str:
        """Return the sheet's own heading of a field."""
        return self.columns[self.fields.index(name)] if name in self.fields else name


def line(said: str) -> str:
    """Return what was said as one line that can be printed, and that a database holds."""
    return "".join(sign if sign.isprintable() else " " for sign in said).strip()


def basis_of(said: str) -> tuple[str, str]:
    """Return a statement of how people agreed as one of `BASES` and its note: `paper: scans in folder 12`, or any other words."""
    said = line(said)
    kind, _, note = said.partition(":")
    if kind.strip().lower() in BASES:
        return kind.strip().lower(), note.strip()[:BASIS_MOST]
    return ("other", said[:BASIS_MOST]) if said else ("", "")


def proof_of(plan: Plan, *, note: str, scan: str, staff: str, office: str) -> ConsentProof:
    """Return what is kept beside each consent that comes by a sheet: what was said of its proof, by whom."""
    kind = plan.basis or line(f"column {plan.heading('consent_registration')}")[:HEADING_MOST]
    return ConsentProof(basis=f"{kind}: {note}" if note else kind, scan=scan or None, staff=staff, office=office)


def checked_fields(fields: Sequence[str]) -> tuple[str, ...]:
    """Return what each column is.

    Raises:
        ValueError: a field is not one that a column may be, or two columns are the same one; its text says which.
    """
    for name in fields:
        if name and name not in FIELDS:
            raise ValueError(name)
        if name and fields.count(name) > 1:
            raise ValueError(name)
    return tuple(fields)


def checked_stated(stated: Mapping[str, str]) -> dict[str, str]:
    """Return what is said for the whole sheet, without what is blank or may not be said so."""
    return {name: stated[name].strip() for name in STATED if stated.get(name, "").strip()}


def read(plan: Plan, record: Record, *, submission_id: UUID, import_id: UUID, origin: str) -> RegistrationSubmitted | list[Fault]:
    """Return the submission that a row becomes, or what is wrong with it."""
    if record.fault:
        return [_whole(record, FAULTS[record.fault])]
    cells = plan.cells(record.cells)
    try:
        filled = _filled(cells, "en", origin)
    except Invalid as invalid:
        return _faults(plan, record, cells, invalid, origin)
    except Exception:  # A bug of ours in one row must not hold the other rows up for ever.
        log.exception("import_row_failed", import_id=str(import_id), line=record.line)
        return [_whole(record, OUR_FAULT)]
    if plan.areas and facts.area_of(filled.country, filled.province) not in plan.areas:
        return [_whole(record, ELSEWHERE)]
    return form.submission(filled, submission_id=submission_id, submitted_at=now(), way="import", import_id=import_id, proof=plan.proof)


def _whole(record: Record, reason: str) -> Fault:
    return Fault(record.line, "", reason, translate("st", reason))


def _faults(plan: Plan, record: Record, cells: dict[str, str], english: Invalid, origin: str) -> list[Fault]:
    try:
        _filled(cells, "st", origin)
        reasons = [error.detail for error in english.errors]  # At the turn of a year, what was wrong may be right.
    except Invalid as sesotho:
        reasons = [error.detail for error in sesotho.errors]
    columns = [plan.heading(Filled.field(error.pointer)) for error in english.errors]
    return [
        Fault(record.line, column, error.detail, reason) for column, error, reason in zip(columns, english.errors, reasons, strict=False)
    ]


def _filled(cells: dict[str, str], language: Language, origin: str) -> RegistrationForm:
    """Return a row's registration; text that looks as if an export had guarded it is what somebody wrote, and stays.

    Raises:
        Invalid: as `form.from_row`.
    """
    kept = {name: cell.strip(" ") for name, cell in cells.items() if "'" in cell and name in _TEXTS and _LOOKS_GUARDED.match(cell)}
    if not kept:
        return form.from_row(cells, language, origin=origin)
    return form.check({**from_row(cells), **kept}, language, origin=origin)


def _plain(name: str, cell: str) -> str:
    """Return a cell as the rules read it: places and choices by their codes."""
    return _code(name, cell) if name in _CODES_OF else cell


def _code(name: str, cell: str) -> str:
    text = cell.strip()
    if not text or text.upper() in _codes(name):
        return text
    return _codes_by_name(name).get(fold(text), text)


@cache
def _codes(name: str) -> frozenset[str]:
    return frozenset(_codes_by_name(name).values()) if name in ("country", "province", "home_district") else frozenset()


@cache
def _codes_by_name(name: str) -> dict[str, str]:
    """Return what people write for a code, folded."""
    if name == "country":
        return {fold(word): code for language in ("en", "st") for code, word in facts.countries(language)}
    if name == "province":
        named = [area for area in facts.areas() if area.kind == "province"]
    elif name == "home_district":
        return {fold(word): each.code for each in facts.districts() for word in (each.name_en, each.name_st) if word}
    else:
        return _WORDS[name]
    names = {fold(word): area.code for area in named for word in (area.name_en, area.name_st) if word}
    return names | {fold(area.code.partition("-")[2]): area.code for area in named}


_CODES_OF = frozenset({"country", "province", "home_district", *_WORDS})
