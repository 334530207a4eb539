"""Bad fields in plain words: what pydantic found wrong, said in the caller's language, without what was sent."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, LiteralString

from pydantic_core import PydanticCustomError

from shared.errors import FieldError
from shared.web.language import Language, mark, translate

MOST = 50
"""Errors told at once: more than a form has fields, fewer than a flood."""
_TEXTS = {
    "missing": mark("This is needed."),
    "string_type": mark("Write this as text."),
    "string_unicode": mark("Write this in Unicode text."),
    "string_too_long": mark("Use at most %(max_length)s characters."),
    "string_too_short": mark("Use at least %(min_length)s characters."),
    "bool_type": mark("Say true or false."),
    "int_type": mark("Use a whole number."),
    "int_parsing": mark("Use a whole number."),
    "int_from_float": mark("Use a whole number."),
    "greater_than_equal": mark("Use %(ge)s or more."),
    "less_than_equal": mark("Use %(le)s or less."),
    "literal_error": mark("Choose one of: %(choices)s."),
    "enum": mark("Choose one of: %(choices)s."),
    "tuple_type": mark("Give a list."),
    "list_type": mark("Give a list."),
    "too_long": mark("Choose fewer."),
    "model_type": mark("Give an object with fields."),
    "model_attributes_type": mark("Give an object with fields."),
    "dict_type": mark("Give an object with fields."),
    "json_invalid": mark("This is not JSON."),
    "uuid_parsing": mark("Use the id as we gave it."),
    "uuid_type": mark("Use the id as we gave it."),
    "date_from_datetime_parsing": mark("Write the date like this: 2020-04-08."),
    "datetime_from_date_parsing": mark("Write the time like this: 2020-04-08T09:00:00Z."),
}
_OTHERWISE = mark("This does not fit here.")
_OURS = "unfit"


def unfit(text: LiteralString, **values: Any) -> PydanticCustomError:
    """Return the error of a rule of ours: an English text of the catalogue, with `%(name)s` to fill in."""
    return PydanticCustomError(_OURS, text, values or None)


def pointer(location: Iterable[int | str]) -> str:
    """Return a JSON pointer (RFC 6901) to a place in the body."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:60] for part in location)


def _text(error: Mapping[str, Any], language: Language, missing: Mapping[str, str]) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == _OURS:
        said: str = error["msg"]
        return translate(language, said, **context)
    if kind == "missing" and (own := missing.get(pointer(error["loc"]))):
        return translate(language, own)
    if kind in ("literal_error", "enum"):
        context = {"choices": ", ".join(re.findall(r"'([^']*)'", str(context.get("expected", ""))))}
    return translate(language, _TEXTS.get(kind, _OTHERWISE), **context)


def field_errors(errors: Iterable[Mapping[str, Any]], language: Language, *, missing: Mapping[str, str] | None = None) -> list[FieldError]:
    """Return pydantic's errors as ours, the first of each field, fifty at most.

    Args:
        errors: `ValidationError.errors()`.
        missing: what to say where a required field is absent, by its pointer.
    """
    found: dict[str, FieldError] = {}
    for error in errors:
        place = pointer(error["loc"])
        if place not in found:
            found[place] = FieldError(place, _text(error, language, missing or {}))
        if len(found) == MOST:
            break
    return list(found.values())
