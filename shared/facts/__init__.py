"""Facts shipped as data: areas with planning targets, districts, Lesotho's missions; countries come from ISO 3166-1.

The CSV files beside this module are the source. Sesotho names are drafts for native review; an empty one falls back to English.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import pycountry
from babel import Locale

_HERE = Path(__file__).parent
_COUNTRIES_ST = {"LS": "Lesotho", "ZA": "Afrika Boroa", "BW": "Botsoana", "ZM": "Zambia", "ZW": "Zimbabwe", "MZ": "Mozambique"}
"""Where Sesotho has its own name or the same one; CLDR has none (draft)."""


_KINDS: dict[str, Literal["province", "country"]] = {"province": "province", "country": "country"}


class Area(NamedTuple):
    """A province of South Africa or a country whose coverage is counted.

    Attributes:
        code: ISO 3166-2 (`ZA-GP`) or ISO 3166-1 alpha-2.
        planning_target: an assumption to plan by, never anyone's official target.
    """

    code: str
    kind: Literal["province", "country"]
    name_en: str
    name_st: str
    planning_target: int

    def name(self, language: str) -> str:
        """Return the name in `en` or `st`."""
        return (self.name_st if language == "st" else "") or self.name_en


class District(NamedTuple):
    """One of the home country's districts, by ISO 3166-2 (`LS-A`)."""

    code: str
    name_en: str
    name_st: str

    def name(self, language: str) -> str:
        """Return the name in `en` or `st`."""
        return (self.name_st if language == "st" else "") or self.name_en


class Partner(NamedTuple):
    """A mission abroad.

    Attributes:
        covers: codes of the areas it is assumed to look after; may be empty.
    """

    code: str
    kind: str
    city: str
    country: str
    covers: tuple[str, ...]


def _rows(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def areas() -> tuple[Area, ...]:
    """Return the nine provinces, then the ten countries, in the file's order."""
    return tuple(
        Area(row["code"], _KINDS[row["kind"]], row["name_en"], row["name_st"], int(row["planning_target"])) for row in _rows("areas.csv")
    )


@cache
def provinces() -> frozenset[str]:
    """Return the codes of South Africa's provinces."""
    return frozenset(area.code for area in areas() if area.kind == "province")


@cache
def districts() -> tuple[District, ...]:
    """Return the home country's districts."""
    return tuple(District(row["code"], row["name_en"], row["name_st"]) for row in _rows("districts.csv"))


@cache
def partners() -> tuple[Partner, ...]:
    """Return the missions as far as lists were found."""
    return tuple(
        Partner(row["code"], row["kind"], row["city"], row["country"], tuple(row["covers"].split())) for row in _rows("partners.csv")
    )


@cache
def country_codes() -> frozenset[str]:
    """Return every ISO 3166-1 alpha-2 code."""
    return frozenset(country.alpha_2 for country in pycountry.countries)


@cache
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """Return (code, name) of every country, sorted by name, in `en` or `st`."""
    names = Locale("en").territories
    named = {code: (_COUNTRIES_ST.get(code, "") if language == "st" else "") or str(names.get(code, code)) for code in country_codes()}
    return tuple(sorted(named.items(), key=lambda pair: (pair[1].replace("Å", "A"), pair[0])))


def area_of(country: str, province: str | None) -> str:
    """Return the code under which someone living there is counted: the province if there is one, else the country."""
    return province or country
