"""What is compared, how often each outcome is seen in records of one person, and who else two like records may belong to.

The shares here are where learning begins (`learning.py`) and what is used while there is nothing to learn from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Comparison(StrEnum):
    """One thing that two records are compared by."""

    ORDER = "order"
    GIVEN = "given_name"
    FAMILY = "family_name"
    BIRTH_DATE = "birth_date"
    BIRTH_YEAR = "birth_year"
    GENDER = "gender"
    ADDRESS = "address"
    POSTCODE = "postcode"
    CITY = "city"
    AREA = "area"
    DISTRICT = "home_district"
    OCCUPATION = "occupation"
    PHONE = "phone"
    EMAIL = "email"


class Other(StrEnum):
    """Whom two like records can belong to if not to one person."""

    STRANGER = "stranger"
    RELATIVE = "relative"
    TWIN = "twin"
    NAMESAKE = "namesake"


GIVEN = (0.76, 0.03, 0.03, 0.09, 0.006, 0.042, 0.002, 0.02, 0.02)
FAMILY = (0.73, 0.02, 0.03, 0.09, 0.006, 0.032, 0.002, 0.01, 0.08)
"""In the order of `names.Step`. A family name changes with marriage, a given name hardly ever."""
SEEN_IN_ONE_PERSON: Mapping[Comparison, tuple[float, ...]] = {
    Comparison.ORDER: (0.97, 0.03),
    Comparison.GIVEN: GIVEN,
    Comparison.FAMILY: FAMILY,
    Comparison.BIRTH_DATE: (0.88, 0.06, 0.02, 0.01, 0.03),
    Comparison.BIRTH_YEAR: (0.92, 0.045, 0.035),
    Comparison.GENDER: (0.98, 0.02),
    Comparison.ADDRESS: (0.55, 0.15, 0.30),
    Comparison.POSTCODE: (0.65, 0.07, 0.28),
    Comparison.CITY: (0.72, 0.08, 0.20),
    Comparison.AREA: (0.85, 0.02, 0.13),
    Comparison.DISTRICT: (0.90, 0.02, 0.08),
    Comparison.OCCUPATION: (0.50, 0.10, 0.40),
    Comparison.PHONE: (0.55, 0.45),
    Comparison.EMAIL: (0.60, 0.40),
}
"""Shares of each outcome where both records are one person's: typing slips, moves, a new number. Each row sums to one."""

SEEN_BY_CHANCE: Mapping[Comparison, tuple[float, ...]] = {
    Comparison.GIVEN: (0.006, 0.004, 0.004, 0.0005, 0.004, 0.002, 0.012, 0.10, 0.86),
    Comparison.FAMILY: (0.006, 0.001, 0.003, 0.0005, 0.003, 0.002, 0.010, 0.10, 0.87),
    Comparison.BIRTH_DATE: (0.00005, 0.001, 0.006, 0.02, 0.97),
    Comparison.BIRTH_YEAR: (0.02, 0.09, 0.89),
    Comparison.GENDER: (0.5, 0.5),
    Comparison.ADDRESS: (0.0001, 0.002, 0.9979),
    Comparison.POSTCODE: (0.01, 0.02, 0.97),
    Comparison.CITY: (0.04, 0.02, 0.94),
    Comparison.AREA: (0.15, 0.01, 0.84),
    Comparison.DISTRICT: (0.12, 0.01, 0.87),
    Comparison.OCCUPATION: (0.05, 0.03, 0.92),
    Comparison.PHONE: (0.00001, 1.0),
    Comparison.EMAIL: (0.000001, 1.0),
}
"""Shares of each outcome in two records drawn at random; a population puts its own beside them."""

PARTNERS: Mapping[str, float] = {"same": 0.1, Other.RELATIVE: 0.5, Other.TWIN: 0.004, Other.NAMESAKE: 0.004}
"""How many other records a record has that are the same person's, a relative's, a twin's, or a namesake's in the family.

One birth in sixty gives twins, in both of whom there is seldom a record; that, and how many sons are called like their father, no file
tells better.
"""

SHARED_WITH: Mapping[Other, Mapping[Comparison, float]] = {
    Other.STRANGER: {},
    Other.RELATIVE: {
        Comparison.FAMILY: 0.75,
        Comparison.BIRTH_DATE: 0.002,
        Comparison.BIRTH_YEAR: 0.03,
        Comparison.ADDRESS: 0.7,
        Comparison.POSTCODE: 0.7,
        Comparison.CITY: 0.8,
        Comparison.AREA: 0.85,
        Comparison.DISTRICT: 0.9,
        Comparison.OCCUPATION: 0.1,
        Comparison.PHONE: 0.4,
        Comparison.EMAIL: 0.1,
    },
    Other.TWIN: {
        Comparison.FAMILY: 0.95,
        Comparison.BIRTH_DATE: 1.0,
        Comparison.BIRTH_YEAR: 1.0,
        Comparison.GENDER: 0.4,
        Comparison.ADDRESS: 0.7,
        Comparison.POSTCODE: 0.7,
        Comparison.CITY: 0.8,
        Comparison.AREA: 0.9,
        Comparison.DISTRICT: 0.95,
        Comparison.OCCUPATION: 0.3,
        Comparison.PHONE: 0.4,
        Comparison.EMAIL: 0.1,
    },
    Other.NAMESAKE: {
        Comparison.GIVEN: 1.0,
        Comparison.FAMILY: 0.95,
        Comparison.GENDER: 0.95,
        Comparison.ADDRESS: 0.6,
        Comparison.POSTCODE: 0.6,
        Comparison.CITY: 0.7,
        Comparison.AREA: 0.85,
        Comparison.DISTRICT: 0.9,
        Comparison.OCCUPATION: 0.1,
        Comparison.PHONE: 0.4,
        Comparison.EMAIL: 0.1,
    },
}
"""How often somebody else has a thing in common for one reason (one house, one father), and not by chance. What is not named: by chance."""

TWINS_RHYME = 25.0
"""Twins are given names that are alike (Thabo and Thabiso) so many times more often than chance would."""


LIKELY_FROM = 0.9
"""From this chance on a pair is offered as likely while nothing was learnt: right at least 99 times in 100 where measured (decision 17)."""


@dataclass(frozen=True)
class Weights:
    """What is believed of a population's records.

    Attributes:
        one_person: as `SEEN_IN_ONE_PERSON`.
        partners: as `PARTNERS`.
        likely_from: the chance from which on a pair is offered as likely.
    """

    one_person: Mapping[Comparison, tuple[float, ...]] = field(default_factory=lambda: SEEN_IN_ONE_PERSON)
    partners: Mapping[str, float] = field(default_factory=lambda: PARTNERS)
    likely_from: float = LIKELY_FROM

    def as_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads: to be kept as JSON."""
        return {
            "one_person": {comparison.value: list(row) for comparison, row in self.one_person.items()},
            "partners": {str(name): number for name, number in self.partners.items()},
            "likely_from": self.likely_from,
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return weights that were kept."""
        one_person = {Comparison(name): tuple(row) for name, row in kept["one_person"].items()}
        return cls(one_person, dict(kept["partners"]), kept["likely_from"])
