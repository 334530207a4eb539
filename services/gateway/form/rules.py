"""The registration's fields and rules, all told at once; what is not named here is ignored, whoever sends it."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationInfo, field_validator

from services.gateway.form import phones
from services.gateway.form.phones import Number
from services.gateway.form.texts import Email, Line, Name, Note, Partner
from shared import consent, facts
from shared.contracts.gateway import Channel, DiasporaType, Gender, Interest, Language, Need
from shared.web.language import mark
from shared.web.wording import unfit

ADULT_YEARS = 18
OLDEST_YEARS = 120
CHOICES_MOST = 30
"""Items of a list before repeats are dropped; the longest list of choices has eight."""
DIVIDED = "ZA"
"""The country whose people are counted by province."""
MISSING = {
    "/given_name": mark("Write your given name."),
    "/family_name": mark("Write your family name."),
    "/country": mark("Choose the country where you live."),
    "/consent": mark("To register, you must agree that we keep what you write here."),
    "/consent/registration": mark("To register, you must agree that we keep what you write here."),
    "/consent_text_version": mark("Say which wording of the consent was shown."),
}


@dataclass(frozen=True)
class Circumstances:
    """What the rules need to know besides the fields.

    Attributes:
        origin: ISO 3166-1 of the country of origin.
        year: the present year.
        telegram: the person writes from Telegram, so that it can be a channel.
    """

    origin: str
    year: int
    telegram: bool = False


def _around(info: ValidationInfo) -> Circumstances:
    assert isinstance(info.context, Circumstances)
    return info.context


Flag = Annotated[bool, Strict()]


class ConsentTicked(BaseModel):
    """What the person agreed to."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    registration: Flag
    information: Flag = False
    sharing: Flag = False

    @field_validator("registration")
    @classmethod
    def _needed(cls, given: bool) -> bool:
        if not given:
            raise unfit("To register, you must agree that we keep what you write here.")
        return given


class RegistrationForm(BaseModel):
    """A registration whose every rule holds. A field's rule may read the fields above it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    given_name: Name
    family_name: Name
    country: str
    province: str | None = Field(default=None, validate_default=True)
    city: Line | None = None
    phone_region: str | None = None
    """ISO 3166-1: which reading of the number is meant, where two are valid."""
    phone: Number | None = None
    whatsapp: Number | None = None
    email: Email | None = Field(default=None, validate_default=True)
    home_district: str | None = None
    birth_year: Annotated[int, Strict()] | None = None
    gender: Gender | None = None
    occupation: Line | None = None
    diaspora_type: DiasporaType | None = None
    needs: tuple[Need, ...] = ()
    language: Language = "en"
    interests: tuple[Interest, ...] = ()
    contributions: tuple[Interest, ...] = ()
    contribution_note: Note | None = None
    consent: ConsentTicked
    channels: tuple[Channel, ...] = Field(default=(), validate_default=True)
    consent_text_version: str
    partner_code: Partner | None = None

    @field_validator("country")
    @classmethod
    def _abroad(cls, country: str, info: ValidationInfo) -> str:
        if country == _around(info).origin:
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
        if country not in (DIVIDED, None) and province is not None:
            raise unfit("Choose a province only if you live in South Africa.")
        return province

    @field_validator("phone_region")
    @classmethod
    def _region(cls, region: str) -> str:
        if region not in facts.country_codes():
            raise unfit("Choose one of the two numbers.")
        return region

    @field_validator("phone", mode="plain", json_schema_input_type=str)
    @classmethod
    def _read_phone(cls, typed: object, info: ValidationInfo) -> Number:
        if not isinstance(typed, str):
            raise unfit("Write this as text.")
        return phones.read(typed, info.data.get("country"), _around(info).origin, info.data.get("phone_region"))

    @field_validator("whatsapp", mode="plain", json_schema_input_type=bool | str)
    @classmethod
    def _read_whatsapp(cls, typed: object, info: ValidationInfo) -> Number | None:
        if typed is False:
            return None
        if typed is True:
            if info.data.get("phone", "unreadable") is None:
                raise unfit("Write the phone number that is on WhatsApp.")
            return info.data.get("phone")
        if not isinstance(typed, str):
            raise unfit("Write the WhatsApp number, or say true if it is the same as the phone's.")
        number = phones.read(typed, info.data.get("country"), _around(info).origin, info.data.get("phone_region"))
        if number.uncertain:
            raise unfit("Write the number with its country code, like +27 71 000 0123 or +266 5000 0123.")
        return number

    @field_validator("email")
    @classmethod
    def _reachable(cls, email: str | None, info: ValidationInfo) -> str | None:
        if email is None and info.data.get("phone", "unreadable") is None:
            raise unfit("Give an e-mail address or a phone number, so that we can answer you.")
        return email

    @field_validator("home_district")
    @classmethod
    def _known_district(cls, district: str) -> str:
        if all(district != known.code for known in facts.districts()):
            raise unfit("Choose one of Lesotho's districts, such as LS-A.")
        return district

    @field_validator("birth_year")
    @classmethod
    def _adult(cls, born: int, info: ValidationInfo) -> int:
        year = _around(info).year
        if not year - OLDEST_YEARS <= born <= year:
            raise unfit("Write the year of your birth with four digits, such as 1985.")
        if year - born < ADULT_YEARS:
            raise unfit("Thank you for coming. We may register people of 18 years or older only, and kept nothing. Please come back then.")
        return born

    @field_validator("needs", "interests", "contributions", "channels", mode="before")
    @classmethod
    def _few(cls, chosen: object) -> object:
        if isinstance(chosen, list) and len(chosen) > CHOICES_MOST:
            raise unfit("Choose fewer.")
        return chosen

    @field_validator("needs", "interests", "contributions")
    @classmethod
    def _once(cls, chosen: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(chosen))

    @field_validator("channels")
    @classmethod
    def _with_address(cls, chosen: tuple[Channel, ...], info: ValidationInfo) -> tuple[Channel, ...]:
        known, agreed = info.data, info.data.get("consent")
        if "telegram" in chosen and not _around(info).telegram:
            raise unfit("Telegram can be chosen in Telegram only: write to our bot there.")
        if "email" in chosen and known.get("email", "unreadable") is None:
            raise unfit("To hear from us by e-mail, give your e-mail address.")
        if "whatsapp" in chosen and known.get("whatsapp", "unreadable") is None:
            raise unfit("To hear from us on WhatsApp, give your WhatsApp number.")
        if ("sms" in chosen or "call" in chosen) and known.get("phone", "unreadable") is None:
            raise unfit("To hear from us by SMS or a call, give your phone number.")
        if not chosen and agreed is not None and agreed.information:
            return ("email",) if known.get("email") else ("call",)
        return tuple(dict.fromkeys(chosen))

    @field_validator("consent_text_version")
    @classmethod
    def _shown(cls, version: str) -> str:
        if version not in consent.versions():
            raise unfit("This wording of the consent is not known. Take one that /api/v1/consent-texts lists.")
        return version
