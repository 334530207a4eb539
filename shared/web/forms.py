"""What a form of ours says: read once, and only if it carries the token of the page that it came from."""

import hmac
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from shared.errors import FieldError, Forbidden, Invalid
from shared.identity import current
from shared.web.language import Language, translate
from shared.web.pages import Filled

MOST_FIELDS = 200
"""More boxes than the longest form has."""
NUMBER_DIGITS = 10
"""A longer number would not fit the database."""


class Form(dict[str, list[str]]):
    """Every value by its field's name, as typed."""

    def value(self, name: str) -> str:
        """Return the last value of a field without the white space around it; empty for a field that the form does not have."""
        return (self.get(name) or [""])[-1].strip()

    def number(self, name: str) -> int | None:
        """Return a field's small whole number; None for anything else."""
        value = self.value(name)
        return int(value) if value.isascii() and value.isdigit() and len(value) < NUMBER_DIGITS else None

    def given(self) -> dict[str, str]:
        """Return the fields that are filled in, each with one value."""
        return {name: value for name in self if name != "csrf" and (value := self.value(name))}

    def filled(self, errors: Sequence[FieldError] = ()) -> Filled:
        """Return the form as a page shows it again, with what is wrong."""
        return Filled(self, errors)


def translated(errors: Sequence[FieldError], language: Language) -> list[FieldError]:
    """Return a refusal's errors in the language of the page that shows them."""
    return [FieldError(error.pointer, translate(language, error.detail)) for error in errors]


async def _read(request: Request) -> Form:
    """Return what a form of ours says.

    Raises:
        Forbidden: the form's token is missing, or another page's; a program with an API token has none.
        Invalid: it is no form, or has more fields than any of ours.
    """
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Invalid from None
    found = Form()
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    known: str = current(request).csrf
    if not known or not hmac.compare_digest((found.get("csrf") or [""])[0].encode(), known.encode()):
        raise Forbidden
    return found


Typed = Annotated[Form, Depends(_read)]
"""A route's parameter: `typed: Typed`. Put it after the parameter that checks the role."""
