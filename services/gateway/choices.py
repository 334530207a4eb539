"""What somebody who hands a sheet in says about it: which column is what, what holds for all rows, and how the people agreed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from services.gateway.rows import BASIS_MOST, Plan, basis_of, line
from services.gateway.sheets.headings import FIELDS, STATED, guess, missing
from shared import consent, facts
from shared.errors import FieldError, Invalid
from shared.web.language import Language, mark, translate

BASIS = "consent_basis"
SCAN = "consent_scan"
LACKING = mark("No column of the sheet holds this. Say which one does, or send a sheet that has it.")
NO_CONTACT = mark("No column of the sheet holds an e-mail address or a phone number. Say which one does.")
NO_BASIS = mark("Say how these people agreed to be registered: the sheet has no column of its own for it.")
NO_WORDING = mark("Say which wording of the consent these people were shown.")
NO_COUNTRY = mark("Say in which country these people live, or which column holds it.")
SEVERAL = mark("Several columns may be this one. Say which one is.")
TWICE = mark("Two columns cannot be the same field. Choose one.")
NO_FIELD = mark("This is no field that a column can be.")
NO_COLUMN = mark("The sheet has no column of this name.")
NOT_A_MAPPING = mark("Send the mapping as a JSON object: each column's heading, and the field that it is.")
_TEXTS = {"email": NO_CONTACT, BASIS: NO_BASIS, "consent_text_version": NO_WORDING, "country": NO_COUNTRY}
_NO_WORDING_SUCH = mark("This wording of the consent is not known. Take one that /api/v1/consent-texts lists.")
_NO_HASH = mark("Give the SHA-256 of the scanned paper: 64 digits and letters from a to f.")
_SHA256 = re.compile(r"(?:[0-9a-f]{64})?")
_NO_CODE = mark("Take one of the codes that the registration form knows.")


@dataclass(frozen=True)
class Choices:
    """What is known about a sheet.

    Attributes:
        fields: what each column is; empty for one that means nothing to us.
        several: fields that more than one column claims, and nobody has chosen.
        basis: one of `rows.BASES`, or empty.
        note: where the proof of the consent is.
        scan: SHA-256 of the scanned paper, in hexadecimal; empty if it is not known.
    """

    columns: tuple[str, ...]
    fields: tuple[str, ...]
    stated: Mapping[str, str]
    several: frozenset[str] = frozenset()
    basis: str = ""
    note: str = ""
    scan: str = ""

    def lacking(self) -> list[str]:
        """Return what must still be said before the sheet can be imported."""
        return missing(self.fields, list(self.stated), self.basis)

    def errors(self, language: Language) -> list[FieldError]:
        """Return what must still be said, in words."""
        several = [field for field in FIELDS if field in self.several]
        lacking = [field for field in self.lacking() if field not in several]
        return [
            *(FieldError(f"/{field}", translate(language, SEVERAL)) for field in several),
            *(FieldError(f"/{field}", translate(language, _TEXTS.get(field, LACKING))) for field in lacking),
        ]

    def plan(self, areas: Sequence[str] = ()) -> Plan:
        """Return how the rows are to be read."""
        return Plan(self.columns, self.fields, self.stated, self.basis, tuple(areas))


def guessed(columns: Sequence[str]) -> Choices:
    """Return what a sheet's headings say by themselves."""
    found = guess(columns)
    return Choices(tuple(columns), tuple(found.fields), {}, frozenset(found.twice))


def chosen(before: Choices, said: Mapping[str, Any], language: Language) -> Choices:
    """Return what is known after somebody said more: `mapping` (JSON), or `column_0`…, the fields of `STATED`, `consent_basis`.

    Raises:
        Invalid: it names what is not there; all of it at once.
    """
    errors: list[FieldError] = []
    fields = _fields(before, said, errors)
    for place, field in enumerate(fields):
        if field and field not in FIELDS:
            errors.append(FieldError(f"/column_{place}", NO_FIELD))
        elif field and field in fields[:place]:
            errors.append(FieldError(f"/column_{place}", TWICE))
    stated = {**before.stated, **{name: line(str(said[name])) for name in STATED if name in said}}
    stated = {name: value[:80] for name, value in stated.items() if value}
    _check(stated, errors)
    if not _SHA256.fullmatch(str(said.get(SCAN, "")).strip().lower()):
        errors.append(FieldError(f"/{SCAN}", _NO_HASH))
    if errors:
        raise Invalid(errors=[FieldError(error.pointer, translate(language, error.detail)) for error in errors])
    after = replace(before, fields=tuple(fields), stated=stated, several=frozenset() if _spoke(said) else before.several)
    if BASIS in said:
        kind, note = basis_of(str(said[BASIS]))
        after = replace(after, basis=kind, note=line(str(said.get("consent_note") or note))[:BASIS_MOST])
    elif said.get("consent_note"):
        after = replace(after, note=line(str(said["consent_note"]))[:BASIS_MOST])
    if SCAN in said:
        after = replace(after, scan=str(said[SCAN]).strip().lower())
    return after


def _spoke(said: Mapping[str, Any]) -> bool:
    return bool(said.get("mapping")) or "column_0" in said


def _fields(before: Choices, said: Mapping[str, Any], errors: list[FieldError]) -> list[str]:
    fields = list(before.fields)
    for place in range(len(fields)):
        if f"column_{place}" in said:
            fields[place] = str(said[f"column_{place}"]).strip()
    given = said.get("mapping")
    if not given:
        return fields
    try:
        mapping = orjson.loads(given) if isinstance(given, str | bytes) else given
    except orjson.JSONDecodeError:
        mapping = None
    if not isinstance(mapping, dict) or not all(isinstance(value, str | None) for value in mapping.values()):
        errors.append(FieldError("/mapping", NOT_A_MAPPING))
        return fields
    for heading, field in mapping.items():
        places = [place for place, column in enumerate(before.columns) if column == heading]
        if not places:
            errors.append(FieldError("/mapping", NO_COLUMN))
        for place in places:
            fields[place] = field or ""
    return fields


def _check(stated: dict[str, str], errors: list[FieldError]) -> None:
    for name in ("country", "province"):
        if name in stated:
            stated[name] = stated[name].upper()
    if stated.get("country", "ZA") not in facts.country_codes():
        errors.append(FieldError("/country", _NO_CODE))
    if stated.get("province", "ZA-GP") not in facts.provinces():
        errors.append(FieldError("/province", _NO_CODE))
    if stated.get("language", "en") not in ("en", "st"):
        errors.append(FieldError("/language", _NO_CODE))
    if "consent_text_version" in stated and stated["consent_text_version"] not in consent.versions():
        errors.append(FieldError("/consent_text_version", _NO_WORDING_SUCH))
