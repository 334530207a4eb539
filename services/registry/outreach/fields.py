"""What may stand in the fields about partners, promises and key people; all that is wrong is told at once."""

from datetime import date
from typing import Annotated, Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from services.registry.corrections import Line, Note
from services.registry.outreach.codes import SHAPE
from services.registry.outreach.model import Kind, Status
from shared import facts
from shared.contracts.gateway import Language
from shared.web.wording import unfit

MOST_AREAS = 30
DIVIDED = "ZA"
"""The country whose people are counted by province; a partner may look after all of it."""


def _blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _filled(value: str) -> str:
    if not value:
        raise unfit("Write something here.")
    return value


def _area(value: str) -> str:
    code = value.strip().upper()
    if code not in facts.provinces() and code not in facts.country_codes():
        raise unfit("Use the code of a province or country, such as ZA-GP or GB.")
    return code


def _code(value: str) -> str:
    code = value.strip().upper()
    if not SHAPE.fullmatch(code):
        raise unfit("Use 3 to 24 letters and digits, with single hyphens between if you like.")
    return code


def _email(value: str) -> str:
    try:
        return validate_email(value.strip(), check_deliverability=False, allow_quoted_local=False, test_environment=True).normalized
    except EmailNotValidError:
        raise unfit("Write one e-mail address, like palesa@example.org.") from None


def read_phone(value: str, areas: list[str]) -> str:
    """Return a number in E.164, read as somebody in the first of these areas would dial it.

    Raises:
        ValueError: it is no valid number.
    """
    try:
        number = phonenumbers.parse(value, areas[0].partition("-")[0] if areas else None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise unfit("Write a phone number with its country's code, such as +266.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


Filled = Annotated[Line, AfterValidator(_filled)]
Areas = Annotated[list[Annotated[str, AfterValidator(_area)]], Field(max_length=MOST_AREAS), AfterValidator(lambda a: sorted(set(a)))]
Email = Annotated[str, AfterValidator(_email)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PartnerWanted(_Fields):
    """A new partner; without a code it gets one."""

    name: Filled
    kind: Kind
    areas: Areas = []
    language: Language = "en"
    status: Status = "known"
    code: Annotated[str | None, BeforeValidator(_blank)] = None
    contact_name: Annotated[Line | None, BeforeValidator(_blank)] = None
    contact_email: Annotated[Email | None, BeforeValidator(_blank)] = None
    contact_phone: Annotated[str | None, BeforeValidator(_blank)] = None
    note: Annotated[Note | None, BeforeValidator(_blank)] = None

    @field_validator("code")
    @classmethod
    def _code_is_plain(cls, code: str | None) -> str | None:
        return _code(code) if code else None

    @field_validator("contact_phone")
    @classmethod
    def _number_is_one(cls, number: str | None, info: ValidationInfo) -> str | None:
        return read_phone(number, info.data.get("areas") or []) if number else None


class PartnerChange(_Fields):
    """What is to be different; what is not given stays. The code stays for good, since it is printed on posters.

    `version`, where given, is the one that the caller has seen.
    """

    name: Filled = ""
    kind: Kind = "other"
    areas: Areas = []
    language: Language = "en"
    status: Status = "known"
    contact_name: Annotated[Line | None, BeforeValidator(_blank)] = None
    contact_email: Annotated[Email | None, BeforeValidator(_blank)] = None
    contact_phone: Annotated[str | None, BeforeValidator(_blank)] = None
    note: Annotated[Note | None, BeforeValidator(_blank)] = None
    version: Annotated[int | None, Field(ge=1)] = None

    @field_validator("contact_phone")
    @classmethod
    def _number_is_one(cls, number: str | None, info: ValidationInfo) -> str | None:
        return read_phone(number, info.data.get("areas") or []) if number else None

    def given(self) -> dict[str, Any]:
        """Return the columns that the caller gave."""
        return self.model_dump(include=self.model_fields_set - {"version"})


class PromiseWanted(_Fields):
    """What a partner said they would do, and by when."""

    what: Filled
    due_on: date


class PromiseChange(_Fields):
    """What became of a promise; what is not given stays."""

    what: Filled = ""
    due_on: date = date.min
    done_on: Annotated[date | None, BeforeValidator(_blank)] = None
    delivered: Annotated[Line | None, BeforeValidator(_blank)] = None
    version: Annotated[int | None, Field(ge=1)] = None

    def given(self) -> dict[str, Any]:
        """Return the columns that the caller gave."""
        return self.model_dump(include=self.model_fields_set - {"version"})


class KeyPersonWanted(_Fields):
    """Somebody whom we would like to have as a member: from whom we have the name, why, and one way to reach them."""

    name: Filled
    source: Filled
    reason: Filled
    area: Annotated[str | None, BeforeValidator(_blank)] = None
    language: Language = "en"
    email: Annotated[Email | None, BeforeValidator(_blank)] = None
    phone: Annotated[str | None, BeforeValidator(_blank)] = Field(default=None, validate_default=True)

    @field_validator("area")
    @classmethod
    def _area_is_one(cls, area: str | None) -> str | None:
        return _area(area) if area else None

    @field_validator("phone")
    @classmethod
    def _reached_somehow(cls, number: str | None, info: ValidationInfo) -> str | None:
        if not number:
            if not info.data.get("email", "wrong"):
                raise unfit("Give a phone number or an e-mail address.")
            return None
        return read_phone(number, [info.data["area"]] if info.data.get("area") else [])
