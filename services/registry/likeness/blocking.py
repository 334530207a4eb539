"""Which records are worth comparing: those with a key in common. One slip in a name, a year or a town leaves other keys whole."""

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import islice
from typing import TypeVar
from uuid import UUID

from services.registry.likeness.names import Words
from services.registry.likeness.person import Person
from services.registry.likeness.spelling import sound
from services.registry.likeness.traits import Traits, traits_of

Holder = TypeVar("Holder", int, UUID)

LARGEST_BLOCK = 200
"""A key that more records have tells too little to be followed: agreeing on it alone never makes a pair likely."""
MOST_CANDIDATES = 500
"""Records that one newcomer is compared with at most."""
TOWN_SOUNDS = 5
STREET_WORDS = "street st avenue ave road rd place pl close circuit crescent drive lane court crt way terrace house flat unit"
STREETS = frozenset(STREET_WORDS.split())


def blocking_keys(person: Person | Traits) -> set[int]:
    """Return a person's keys: ten with one given and one family name, a year and a town; more with more words, a day, an address.

    Names stand in them by their sound, given and family name alike, so that exchanged names meet.
    """
    person = traits_of(person)
    keys = set()
    given, family = _sounds(person.given, first=True), _sounds(person.family, first=False)
    names = dict.fromkeys((*given, *family))
    year, town = person.birth_year, sound(person.city.replace(" ", ""))[:TOWN_SOUNDS]
    if given and family:
        both = sorted((given[0], family[0]))
        keys.add(_key("names", *both))
        if year is not None:
            keys.add(_key("names+year", *both, str(year)))
        if town:
            keys.add(_key("names+town", *both, town))
    for name in names:
        if year is not None:
            keys.add(_key("name+year", name, str(year)))
        if town:
            keys.add(_key("name+town", name, town))
        if year is not None and town:
            keys.add(_key("name+year+town", name, str(year), town))
    if year is not None and town:
        keys.add(_key("year+town", str(year), town))
    if person.whole_birth:
        birth = person.whole_birth
        keys.add(_key("day", f"{birth.year}-{birth.month}-{birth.day}"))
    return keys | _at_home(person, town) | _reached(person)


def _sounds(name: Words, *, first: bool) -> list[str]:
    """Return the sound of the whole name, and of the word that is kept when the others are left out: first given, last family name."""
    if not name:
        return []
    kept = name[0] if first else name[-1]
    return list(dict.fromkeys(heard for heard in (sound("".join(name)), sound(kept)) if heard))


def _at_home(person: Traits, town: str) -> set[int]:
    keys = set()
    if person.postcode and town:
        keys.add(_key("postcode+town", person.postcode, town))
    if person.address:
        parts = person.address.split()
        longest = min((part for part in parts if part.isalpha() and part not in STREETS), key=lambda part: (-len(part), part), default="")
        number = next((part for part in parts if part.isdigit()), "")
        if longest and number:
            keys.add(_key("house", number, sound(longest)))
    return keys


def _reached(person: Traits) -> set[int]:
    return {_key("contact", contact) for contact in (*person.phones, *person.emails)}


def _key(kind: str, *parts: str) -> int:
    """Return what an index holds: eight bytes, signed like PostgreSQL's bigint, that show nobody's name."""
    return int.from_bytes(blake2b("\x1f".join((kind, *parts)).encode(), digest_size=8).digest(), signed=True)


def candidates(keys: Iterable[int], holders: Mapping[int, Iterable[Holder]]) -> list[Holder]:
    """Return whom to compare with a newcomer: who has most keys in common first, then in their own order; too common keys are left out.

    Args:
        holders: who has each key, `LARGEST_BLOCK` + 1 of them at most; a store reads no more than that.
    """
    common: Counter[Holder] = Counter()
    for key in keys:
        found = list(islice(holders.get(key, ()), LARGEST_BLOCK + 1))
        if len(found) <= LARGEST_BLOCK:
            common.update(found)
    return sorted(common, key=lambda holder: (-common[holder], holder))[:MOST_CANDIDATES]
