"""People from the rows of any sheet: what its headings mean, however they are written and ordered."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.registry.likeness.person import Birth, Person
from services.registry.matching import email_key, fold

HEADINGS: Mapping[str, str] = {
    "id": "id rec_id record_id recid unique_id uid uuid member_id person_id row_id",
    "given": "given_name given given_names first_name firstname forename fname fname_c1 first lebitso",
    "middle": "middle_name middle_names middle middle_initial second_name fname_c2 mname",
    "family": "family_name family surname last_name lastname lname lname_c1 last fane sefane",
    "more_family": "lname_c2 second_surname second_last_name",
    "whole_name": "full_name fullname name whole_name first_and_surname",
    "birth": "birth_date date_of_birth dob birthdate birthday born date_birth",
    "year": "birth_year year_of_birth yob by birthyear selemo_sa_tsoalo",
    "month": "birth_month month_of_birth bm mob",
    "day": "birth_day day_of_birth bd",
    "gender": "gender sex",
    "province": "province state region county area",
    "country": "country country_of_residence naha",
    "city": "city suburb town locality place municipality village toropo",
    "postcode": "postcode post_code postal_code zip zipcode zip_code plz postcode_fake",
    "number": "street_number house_number house_no unit_number",
    "address": "address address_1 address_2 address1 address2 street street_name street_address addr",
    "district": "home_district district birth_place birthplace place_of_birth setereke",
    "occupation": "occupation job profession mosebetsi",
    "phone": "phone phone_number telephone mobile cell whatsapp tel",
    "email": "email e_mail email_address mail",
}
"""What a column holds → how it may be headed."""
MEANINGS = {heading: meaning for meaning, headings in HEADINGS.items() for heading in headings.split()}
EMPTY = {"NA", "N/A", "NULL", "null", "nan", "NaN", "None", "-", "?"}
"""What programs write where nothing is known."""


@dataclass(frozen=True)
class Columns:
    """Which columns of a sheet say what.

    Attributes:
        meanings: what a column holds → its places, in the sheet's order.
        ignored: headings that mean nothing here.
    """

    meanings: Mapping[str, Sequence[int]]
    ignored: Sequence[str]
    month_first: bool = field(default=False)

    @classmethod
    def of(cls, headings: Sequence[str], *, month_first: bool = False) -> "Columns":
        """Read the headings: case, spaces, marks and a byte order mark do not matter."""
        meanings: dict[str, list[int]] = {}
        ignored = []
        for place, heading in enumerate(headings):
            meaning = MEANINGS.get("_".join(fold(heading).split()))
            if meaning and not (meaning == "id" and "id" in meanings):
                meanings.setdefault(meaning, []).append(place)
            else:
                ignored.append(heading.strip())
        return cls(meanings, ignored, month_first)

    @property
    def enough(self) -> bool:
        """There is a name to compare."""
        return not {"given", "family", "whole_name"}.isdisjoint(self.meanings)

    def identity(self, row: Sequence[str], line: int) -> str:
        """Return what a row is called, its line where it has no id."""
        return self._text(row, "id") or f"line {line}"

    def person(self, row: Sequence[str]) -> Person:
        """Return whom a row tells of; cells that are missing at the end are empty."""
        given, family = self._text(row, "given", "middle"), self._text(row, "family", "more_family")
        if not given and not family:
            given = self._text(row, "whole_name")
        return Person(
            given_name=given,
            family_name=family,
            birth=self._birth(row),
            gender=self._text(row, "gender"),
            area=self._text(row, "province") or self._text(row, "country"),
            city=self._text(row, "city"),
            postcode=self._text(row, "postcode"),
            address=self._text(row, "number", "address"),
            home_district=self._text(row, "district"),
            occupation=self._text(row, "occupation"),
            phones=tuple(dict.fromkeys(digits for cell in self._cells(row, "phone") if (digits := re.sub(r"\D", "", cell)))),
            emails=tuple(dict.fromkeys(email_key(cell) for cell in self._cells(row, "email"))),
        )

    def births(self, rows: Iterable[Sequence[str]]) -> Iterable[str]:
        """Yield the dates as they are written."""
        return (cell for row in rows for cell in self._cells(row, "birth"))

    def _birth(self, row: Sequence[str]) -> Birth | None:
        birth = Birth.read(self._text(row, "birth"), month_first=self.month_first)
        if birth or not (year := Birth.read(self._text(row, "year"))):
            return birth
        month, day = self._text(row, "month"), self._text(row, "day")
        return Birth(year.year, int(month), int(day)) if month.isdecimal() and day.isdecimal() else year

    def _text(self, row: Sequence[str], *meanings: str) -> str:
        return " ".join(cell for meaning in meanings for cell in self._cells(row, meaning))

    def _cells(self, row: Sequence[str], meaning: str) -> list[str]:
        cells = (row[place].strip() for place in self.meanings.get(meaning, ()) if place < len(row))
        return [cell for cell in cells if cell and cell not in EMPTY]


def writes_month_first(dates: Iterable[str]) -> bool:
    """Tell whether these dates are written month first, as in the United States: some day is past the twelfth in the second place only."""
    first = second = 0
    for text in dates:
        numbers = re.findall(r"\d+", text)
        if len(numbers) == 1 and len(numbers[0]) == 8:
            numbers = [numbers[0][:2], numbers[0][2:4], numbers[0][4:]]
            if int(numbers[2][:2]) not in (18, 19, 20):
                continue
        if len(numbers) >= 3 and len(numbers[0]) <= 2:
            first += int(numbers[0]) > 12
            second += int(numbers[1]) > 12
    return second > 10 * first
