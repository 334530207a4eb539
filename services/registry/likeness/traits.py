"""A person as the comparisons read them: everything folded once, however many others they are compared with."""

from dataclasses import dataclass
from typing import Self

from services.registry.likeness.names import Words
from services.registry.likeness.person import Birth, Person
from services.registry.likeness.spelling import words

SEXES = {"f": "f", "female": "f", "woman": "f", "w": "f", "mosali": "f", "m": "m", "male": "m", "man": "m", "monna": "m"}


@dataclass(frozen=True, slots=True)
class Traits:
    """See `Person`; texts are folded and may be empty.

    Attributes:
        whole_birth: the day of birth, where it is known.
        birth_year: the year of birth, where it is known.
    """

    given: Words
    family: Words
    whole_birth: Birth | None
    birth_year: int | None
    gender: str
    area: str
    city: str
    postcode: str
    address: str
    home_district: str
    occupation: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]

    @classmethod
    def of(cls, person: Person) -> Self:
        """Return what a person is compared by. A name written in one field is taken apart: its last word is the family's."""
        given, family = words(person.given_name), words(person.family_name)
        if len(given) > 1 and not family:
            given, family = given[:-1], given[-1:]
        elif len(family) > 1 and not given:
            given, family = family[:-1], family[-1:]
        birth = person.birth
        return cls(
            given=given,
            family=family,
            whole_birth=birth if birth and birth.whole else None,
            birth_year=birth.year if birth else None,
            gender=SEXES.get(person.gender.strip().casefold(), ""),
            area=_folded(person.area),
            city=_folded(person.city),
            postcode=_folded(person.postcode).replace(" ", ""),
            address=_folded(person.address),
            home_district=_folded(person.home_district),
            occupation=_folded(person.occupation),
            phones=person.phones,
            emails=person.emails,
        )


def _folded(text: str) -> str:
    return " ".join(words(text)) if text else ""


def traits_of(person: Person | Traits) -> Traits:
    """Return what a person is compared by."""
    return person if isinstance(person, Traits) else Traits.of(person)
