"""What is known of somebody whose likeness to others is judged. Everything may be missing."""

import re
from dataclasses import dataclass
from typing import Self

CENTURY = 100
YOUNGEST_TWO_DIGITS = 26
"""A year written with two digits up to this one belongs to our century: nobody who registers is younger."""
EARLIEST, LATEST = 1850, 2100


@dataclass(frozen=True, slots=True)
class Birth:
    """A day, or only the year. What people write may be no day of any calendar; it is compared all the same."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    @property
    def whole(self) -> bool:
        """All three parts are known."""
        return self.year is not None and self.month is not None and self.day is not None

    @classmethod
    def read(cls, text: str, *, month_first: bool = False) -> Self | None:
        """Return what a text means, `1985`, `1985-04-08`, `19850408`, `8.4.1985` or `08/04/85`; None if it holds no year.

        Where day and month could be either, the day is first, as in southern Africa, unless `month_first`.
        """
        numbers = re.findall(r"\d+", text.partition("T")[0])
        if len(numbers) == 1 and len(numbers[0]) == 8:
            whole = numbers[0]
            numbers = [whole[:4], whole[4:6], whole[6:]] if EARLIEST <= int(whole[:4]) < LATEST else [whole[:2], whole[2:4], whole[4:]]
        if len(numbers) == 1:
            year = _year(numbers[0])
            return cls(year) if year else None
        if len(numbers) < 3:
            return next((cls(year) for number in numbers if len(number) == 4 and (year := _year(number))), None)
        first, second, third = numbers[:3]
        if len(first) == 4:
            return cls(int(first), int(second), int(third))
        year = _year(third)
        if year is None:
            return None
        day, month = (int(second), int(first)) if month_first else (int(first), int(second))
        return cls(year, *((day, month) if month > 12 >= day else (month, day)))


def _year(digits: str) -> int | None:
    year = int(digits)
    if len(digits) <= 2:
        year += 2000 if year <= YOUNGEST_TWO_DIGITS else 1900
    return year if EARLIEST <= year < LATEST else None


@dataclass(frozen=True, slots=True)
class Person:
    """What two records are compared by.

    Attributes:
        area: province or country, as a code or a word.
        address: house, street and whatever else tells where in the city.
        phones: each in one normal form; people of one family share them.
        emails: each as its key (`matching.email_key`).
    """

    given_name: str = ""
    family_name: str = ""
    birth: Birth | None = None
    gender: str = ""
    area: str = ""
    city: str = ""
    postcode: str = ""
    address: str = ""
    home_district: str = ""
    occupation: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
