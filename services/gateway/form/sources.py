"""Where a registration's fields come from: a JSON body, a page's form, a row of a sheet. Each becomes plain fields for the same rules."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import orjson

LISTS = ("needs", "interests", "contributions", "channels")
CONSENTS = ("registration", "information", "sharing")
_YES = frozenset({"yes", "y", "true", "1", "ee", "e", "on"})
_NO = frozenset({"no", "n", "false", "0", "che", "tjhe", ""})
_CODES = ("country", "province", "home_district", "phone_region")
_WORDS = (*LISTS, "gender", "diaspora_type", "language")
_FORMULA = "=+-@\t"
"""What a cell may not begin with in Excel; exports put a `'` before it, in CSV only."""

Fields = dict[str, Any]


class Unreadable(ValueError):
    """The body is not one JSON object."""


class GivenTwice(Unreadable):
    """One field stands in the body twice; nobody can tell which is meant."""


def _refuse(_: str) -> NoReturn:
    raise Unreadable


def _once(pairs: list[tuple[str, Any]]) -> Fields:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise GivenTwice
    return found


_decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse)


def _names(found: object) -> int:
    """Return how many names an object has, and the objects in it; deeper ones are not counted, and so are read slowly."""
    if not isinstance(found, dict):
        return 0
    return len(found) + sum(len(value) for value in found.values() if isinstance(value, dict))


def _slowly(raw: bytes) -> object:
    """Read with an eye on each name.

    Raises:
        Unreadable: as `from_json`.
        GivenTwice: as `from_json`.
    """
    try:
        return _decoder.decode(raw.decode("utf-8"))
    except GivenTwice:
        raise
    except (ValueError, RecursionError):
        raise Unreadable from None


def from_json(raw: bytes) -> Fields:
    """Return a JSON body's fields, without those that are null or empty.

    Raises:
        Unreadable: it is not UTF-8, not JSON (NaN is none), too deep, or not an object.
        GivenTwice: a field stands in it twice.
    """
    try:
        found = orjson.loads(raw)
        # Every name has its colon: where there are no more colons than names, none was given twice.
        if raw.count(b":") > _names(found):
            found = _slowly(raw)
    except orjson.JSONDecodeError:
        found = _slowly(raw)
    if not isinstance(found, dict):
        raise Unreadable
    return {name: value for name, value in found.items() if value is not None and value != ""}


def _flag(value: str) -> bool | str:
    word = value.strip().lower()
    return True if word in _YES else False if word in _NO else value


def _whole(value: str) -> int | str:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 4 else value


def _typed(fields: Fields) -> Fields:
    """Return fields that came as text with the types that the rules want."""
    found = {name: value for name, value in fields.items() if value not in ("", [], ())}
    if "birth_year" in found:
        found["birth_year"] = _whole(found["birth_year"].strip())
    if "whatsapp" in found and isinstance(word := _flag(found["whatsapp"]), bool):
        found["whatsapp"] = word
    found["consent"] = {part: _flag(found.pop(f"consent_{part}", "")) for part in CONSENTS}
    return found


def from_page(values: Mapping[str, Sequence[str]]) -> Fields:
    """Return an HTML form's fields; a box ticked as *this phone is on WhatsApp* counts where no other number is given."""
    fields: Fields = {name: list(given) if name in LISTS else given[-1].strip(" ") for name, given in values.items() if given}
    if not fields.get("whatsapp") and _flag(fields.pop("whatsapp_same", "")) is True:
        fields["whatsapp"] = "true"
    fields.pop("consent", None)
    return _typed({name: [each for each in value if each] if name in LISTS else value for name, value in fields.items()})


def _cell(value: str) -> str:
    text = value.strip(" ")
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in _FORMULA else text


def from_row(row: Mapping[str, str | None]) -> Fields:
    """Return a sheet row's fields: lists parted by `;`, consent in three columns, codes and choices in any case."""
    fields: Fields = {name: _cell(value) for name, value in row.items() if isinstance(name, str) and isinstance(value, str)}
    for name in _CODES:
        if name in fields:
            fields[name] = fields[name].upper()
    for name in _WORDS:
        if name in fields:
            fields[name] = fields[name].lower()
    for name in LISTS:
        if name in fields:
            fields[name] = _parts(fields[name])
    fields.pop("consent", None)
    return _typed(fields)


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(";") if part.strip()]
