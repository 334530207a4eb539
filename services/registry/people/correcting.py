"""A correction on a page: what the clerk changed of what they were shown, and what is left to settle if somebody else was quicker.

The page carries what it showed. So a clerk changes only what they touched, and nobody's correction is undone by an old page.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from services.registry.corrections import LISTS, Correction
from services.registry.model import Member
from services.registry.people import words
from shared.web.language import Language

FIELDS = tuple(Correction.model_fields)
Values = dict[str, list[str]]


def held(member: Member) -> Values:
    """Return somebody's own fields as their form is filled."""
    values = {name: getattr(member, name) for name in FIELDS}
    return {name: list(value) if isinstance(value, list) else ["" if value is None else str(value)] for name, value in values.items()}


def shown(values: Values) -> str:
    """Return what a page showed, for the page to carry."""
    return orjson.dumps(values).decode()


def _seen(carried: str) -> Values:
    """Return what the page carried; of anything else, nothing, so that all that was typed counts as changed."""
    try:
        found = orjson.loads(carried)
        return {name: [str(each) for each in found[name]] for name in FIELDS}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}


def _own(typed: Mapping[str, Sequence[str]]) -> Values:
    """Return what was typed into each field; boxes that are not ticked are not sent."""
    values = {name: list(typed.get(name, ())) for name in FIELDS}
    return {name: value if name in LISTS else [_plain(value[-1]) if value else ""] for name, value in values.items()}


def _plain(value: str) -> str:
    return value.replace("\r\n", "\n").strip()  # A browser ends a text's lines in its own way.


def _same(name: str, one: Sequence[str], other: Sequence[str]) -> bool:
    return set(one) == set(other) if name in LISTS else list(one) == list(other)


def touched(typed: Mapping[str, Sequence[str]], carried: str) -> Values:
    """Return the fields that the clerk changed, with what they typed; where the page does not say what it showed, all that came."""
    seen = _seen(carried)
    return {name: value for name, value in _own(typed).items() if (not _same(name, value, seen[name]) if name in seen else name in typed)}


def body(values: Values) -> dict[str, Any]:
    """Return changed fields as a correction takes them."""
    return {name: value if name in LISTS else value[-1] or None for name, value in values.items()}


class Merged(NamedTuple):
    """A form after somebody else was quicker.

    Attributes:
        values: the record as it stands, with what this clerk typed on top.
        differences: each field that the other changed: its name, what it is now, and what this clerk typed there, if anything.
    """

    values: Values
    differences: list[tuple[str, str, str]]


def merge(member: Member, typed: Mapping[str, Sequence[str]], carried: str, language: Language) -> Merged:
    """Return the form for another try."""
    now, seen, mine = held(member), _seen(carried), touched(typed, carried)
    changed = [name for name in FIELDS if not _same(name, now[name], seen.get(name, _own(typed)[name]))]
    differences = [
        (words.label(name, language), _said(name, now[name], language), _said(name, mine[name], language) if name in mine else "")
        for name in changed
    ]
    return Merged(now | mine, differences)


def _said(name: str, value: Sequence[str], language: Language) -> str:
    return words.spoken(name, list(value) if name in LISTS else value[-1], language)
