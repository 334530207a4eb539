"""A pair in words for the page on which it is judged: side by side, with what would be kept and what would end. No I/O."""

from collections.abc import Sequence
from typing import NamedTuple

from services.registry.duplicates.joining import CHOSEN, GOES_WITH, agreed, different, ended, usual
from services.registry.model import Member
from services.registry.people.words import LABELS, STATUSES, label, spoken
from services.registry.selfservice_words import CHANNELS
from shared.web.language import Language, mark, translate

ALONGSIDE = ("partner_code", "way", "registered_at", "confirmed_at")
"""Shown, and not to be chosen: a merge has rules of its own for them."""
SHARING = mark("sharing with the mission of the area")


class Line(NamedTuple):
    """One field, side by side.

    Attributes:
        values: of both, in words; empty for none.
        differs: they are not the same.
        may_choose: the clerk says whose is kept; `chosen` is the place of the one that is kept unless they say otherwise.
    """

    name: str
    label: str
    values: tuple[str, str]
    differs: bool
    may_choose: bool
    chosen: int


def lines(members: Sequence[Member], language: Language) -> list[Line]:
    """Return every field that one of the two tells, the kept one's first where nobody says otherwise."""
    one, other = members
    unlike, taken = different(one, other), usual(one, other)
    found = []
    for name in LABELS:
        if name in GOES_WITH["country"]:
            continue
        values = (_value(one, name, language), _value(other, name, language))
        if any(values):
            choosing = name in CHOSEN and name in unlike
            found.append(Line(name, label(name, language), values, values[0] != values[1], choosing, int(name in taken)))
    return found


def _value(member: Member, name: str, language: Language) -> str:
    parts = [spoken(each, getattr(member, each), language) for each in (name, *(("province",) if name == "country" else ()))]
    return ", ".join(part for part in parts if part)


def contacts(members: Sequence[Member]) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Return the contacts of both, each with whether the other one has it too."""
    keys = [{contact.value_key for contact in member.contacts} for member in members]
    one, other = (
        [(contact.value, contact.value_key in keys[1 - place]) for contact in member.contacts] for place, member in enumerate(members)
    )
    return one, other


def consents(member: Member, language: Language) -> str:
    """Return what a member agrees to, in words."""
    return ", ".join(_question(purpose, about, language) for purpose, about in agreed(member))


def ends(members: Sequence[Member], language: Language) -> str:
    """Return what one of the two agreed to and nobody would after a merge."""
    one, other = members
    return ", ".join(dict.fromkeys(_question(*question, language) for question in (*ended(one, other), *ended(other, one))))


def _question(purpose: str, about: str | None, language: Language) -> str:
    if purpose == "sharing":
        return translate(language, SHARING)
    return translate(language, mark("information (%(channel)s)"), channel=translate(language, CHANNELS[about or ""]))


def status(member: Member, language: Language) -> str:
    """Return whether a member is confirmed, in words."""
    return translate(language, STATUSES[member.status])
