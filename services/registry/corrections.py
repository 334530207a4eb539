"""What a member may correct about themselves, and the rules of each field; all that is wrong is told at once."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from shared import facts
from shared.contracts.gateway import DiasporaType, Gender, Interest, Language, Need
from shared.web.language import mark
from shared.web.wording import unfit

NAME_MOST = 80
LINE_MOST = 80
NOTE_MOST = 1000
ADULT_YEARS = 18
OLDEST_YEARS = 120
DIVIDED = "ZA"
"""The country whose people are counted by province."""
LISTS = ("needs", "interests", "contributions")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
"""C0 and C1, separators, whatever turns the direction of writing, lone surrogates."""
MISSING = {"/given_name": mark("Write your given name."), "/family_name": mark("Write your family name.")}


def _text(value: str, most: int, *, lines: bool = False) -> str:
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if _CONTROL.search(text) or (not lines and ("\n" in text or "\t" in text)):
        raise unfit("Write this in one line, without control characters.")
    if len(text) > most:
        raise unfit("Use at most %(most)s characters.", most=most)
    return text


def _name(value: str) -> str:
    name = _text(value, NAME_MOST)
    if not any(unicodedata.category(character).startswith("L") for character in name):
        raise unfit("Write the name with letters.")
    return name


def _blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Name = Annotated[str, AfterValidator(_name)]
Line = Annotated[str, AfterValidator(lambda value: _text(value, LINE_MOST))]
Note = Annotated[str, AfterValidator(lambda value: _text(value, NOTE_MOST, lines=True))]


class Correction(BaseModel):
    """A member's own fields, whole. A field's rule may read the fields above it.

    The fields bear the names of the member's columns.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    given_name: Name
    family_name: Name
    country: str
    province: Annotated[str | None, BeforeValidator(_blank)] = Field(default=None, validate_default=True)
    city: Annotated[Line | None, BeforeValidator(_blank)] = None
    home_district: Annotated[str | None, BeforeValidator(_blank)] = None
    occupation: Annotated[Line | None, BeforeValidator(_blank)] = None
    birth_year: Annotated[int | None, BeforeValidator(_blank)] = None
    gender: Annotated[Gender | None, BeforeValidator(_blank)] = None
    diaspora_type: Annotated[DiasporaType | None, BeforeValidator(_blank)] = None
    language: Language
    needs: tuple[Need, ...] = ()
    interests: tuple[Interest, ...] = ()
    contributions: tuple[Interest, ...] = ()
    contribution_note: Annotated[Note | None, BeforeValidator(_blank)] = None

    @field_validator("country")
    @classmethod
    def _abroad(cls, country: str, info: ValidationInfo) -> str:
        if country == (info.context or {}).get("origin"):
            raise unfit("This register is for people who live abroad. Choose the country where you live.")
        if country not in facts.country_codes():
            raise unfit("Choose the country where you live, by its two-letter code such as ZA.")
        return country

    @field_validator("province")
    @classmethod
    def _in_country(cls, province: str | None, info: ValidationInfo) -> str | None:
        country = info.data.get("country")
        if country == DIVIDED and province not in facts.provinces():
            raise unfit("Choose the province of South Africa where you live, such as ZA-GP.")
        # A province that was chosen before the country was changed to another one means nothing any more.
        return province if country == DIVIDED else None

    @field_validator("home_district")
    @classmethod
    def _known_district(cls, district: str | None) -> str | None:
        if district is not None and all(district != known.code for known in facts.districts()):
            raise unfit("Choose one of Lesotho's districts, such as LS-A.")
        return district

    @field_validator("birth_year")
    @classmethod
    def _adult(cls, born: int | None, info: ValidationInfo) -> int | None:
        at: datetime = (info.context or {})["at"]
        if born is not None and not at.year - OLDEST_YEARS <= born <= at.year - ADULT_YEARS:
            raise unfit("Write the year of your birth with four digits, such as 1985.")
        return born

    @field_validator(*LISTS)
    @classmethod
    def _once(cls, chosen: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(chosen))

    def columns(self) -> dict[str, Any]:
        """Return the values as the member's row holds them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self.__dict__.items()}


def read(typed: Mapping[str, Sequence[str]], *, origin: str, at: datetime) -> Correction:
    """Read a form's values by name.

    Args:
        origin: ISO 3166-1 of the country of origin, where no member of the diaspora lives.

    Raises:
        ValidationError: fields are missing or wrong.
    """
    said: dict[str, object] = {name: (list(values) if name in LISTS else values[-1]) for name, values in typed.items() if values}
    return Correction.model_validate(said, context={"origin": origin, "at": at})


def choices(alias: Any) -> tuple[str, ...]:
    """Return the values of a `Literal`."""
    return get_args(alias)
