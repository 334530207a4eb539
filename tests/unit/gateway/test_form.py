"""The registration's intake rules, field by field, as the contract has them."""

from typing import Any
from uuid import UUID

import pytest

from services.gateway import form
from services.gateway.form.rules import RegistrationForm
from shared import clock
from shared.contracts.gateway import RegistrationSubmitted
from shared.errors import Invalid
from tests.unit.gateway.registrations import body

YEAR = clock.now().year


def read(**changed: Any) -> RegistrationForm:
    return form.parse(body(**changed))


def refused(**changed: Any) -> list[str]:
    """Return the pointers of what is wrong."""
    with pytest.raises(Invalid) as refusal:
        read(**changed)
    assert all(error.detail for error in refusal.value.errors)
    return [error.pointer for error in refusal.value.errors]


def said(language: str = "en", **changed: Any) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        form.parse(body(**changed), language)  # type: ignore[arg-type]
    return [error.detail for error in refusal.value.errors]


def test_registration_that_is_whole_becomes_its_event() -> None:
    filled = read(
        whatsapp=True,
        city=" Soweto ",
        home_district="LS-A",
        birth_year=1985,
        gender="female",
        occupation="Nurse",
        diaspora_type="professional",
        needs=["documents", "health"],
        language="st",
        interests=["culture", "trade", "culture"],
        contributions=["education"],
        contribution_note="I teach\r\non Saturdays.",
        channels=["whatsapp", "email"],
        partner_code="LS-HC-PRETORIA",
    )
    identifier, at = UUID(int=1), clock.now()
    event = form.submission(filled, submission_id=identifier, submitted_at=at, way="api")
    assert event == RegistrationSubmitted.model_validate_json(event.model_dump_json())
    assert event.model_dump(mode="json", exclude={"submitted_at", "proof"}) == {
        "submission_id": str(identifier),
        "way": "api",
        "import_id": None,
        "given_name": "Palesa",
        "family_name": "Mokoena",
        "email": "palesa@example.org",
        "phone": "+27710000123",
        "phone_uncertain": False,
        "whatsapp": "+27710000123",
        "country": "ZA",
        "province": "ZA-GP",
        "city": "Soweto",
        "home_district": "LS-A",
        "occupation": "Nurse",
        "birth_year": 1985,
        "gender": "female",
        "diaspora_type": "professional",
        "needs": ["documents", "health"],
        "language": "st",
        "interests": ["culture", "trade"],
        "contributions": ["education"],
        "contribution_note": "I teach\non Saturdays.",
        "channels": ["whatsapp", "email"],
        "consent": {"registration": True, "information": True, "sharing": False},
        "consent_text_version": "2020-01",
        "partner_code": "LS-HC-PRETORIA",
    }


def test_registration_with_only_what_is_needed_gets_the_defaults() -> None:
    filled = read(email=None, consent={"registration": True})
    assert (filled.language, filled.channels, filled.needs, filled.whatsapp, filled.city) == ("en", (), (), None, None)


def test_every_error_is_told_at_once_in_the_forms_order() -> None:
    pointers = refused(
        given_name=" ", family_name=None, country="XX", city="a\u2028b", email="a@x, b@y", phone="12", birth_year="1985", gender="x",
        interests=["x", "trade"], consent={"registration": False, "information": "yes"}, consent_text_version="1999-01",
    )  # fmt: skip
    assert pointers == [
        "/given_name", "/family_name", "/country", "/city", "/phone", "/email", "/birth_year", "/gender", "/interests/0",
        "/consent/registration", "/consent/information", "/consent_text_version",
    ]  # fmt: skip


def test_somebody_without_address_is_asked_for_one() -> None:
    assert refused(email=None, phone=None) == ["/email"]
    assert refused(email="", phone="") == ["/email"]
    assert refused(email=None, phone=None, whatsapp="+27 71 000 0123") == ["/email"]


def test_one_address_is_enough() -> None:
    assert read(email=None).email is None
    assert read(phone=None).phone is None


@pytest.mark.parametrize("country", ["", "za", "ZAF", "XX", "EU", "South Africa", 27, None, ["ZA"]])
def test_country_is_a_code_of_iso_3166(country: object) -> None:
    assert refused(country=country, province=None) == ["/country"]


def test_country_of_origin_is_not_abroad() -> None:
    assert refused(country="LS", province=None) == ["/country"]
    assert form.parse(body(country="LS", province=None, phone=None), origin="GB").country == "LS"


@pytest.mark.parametrize("province", [None, "", "GP", "ZA-XX", "ZA-NL", "Gauteng", "LS-A", 5])
def test_province_of_south_africa_is_needed(province: object) -> None:
    assert refused(province=province) == ["/province"]


def test_province_elsewhere_is_refused() -> None:
    assert refused(country="GB", province="ZA-GP") == ["/province"]
    assert read(country="GB", province=None).province is None
    assert read(country="GB", province="").province is None


@pytest.mark.parametrize(
    ("field", "value"), [("home_district", "LS-Z"), ("home_district", "Maseru"), ("gender", "F"), ("diaspora_type", "miner")]
)
@pytest.mark.parametrize("wrong", [None, 1])
def test_choices_are_of_the_list(field: str, value: str, wrong: object) -> None:
    assert refused(**{field: wrong or value}) == [f"/{field}"]


@pytest.mark.parametrize("field", ["needs", "interests", "contributions", "channels"])
@pytest.mark.parametrize("value", ["trade", {"trade": True}, 5, True, ["trade"] * 10_000])
def test_lists_are_short_lists(field: str, value: object) -> None:
    assert refused(**{field: value}) == [f"/{field}"]


def test_lists_refuse_what_they_do_not_know_by_place() -> None:
    assert refused(interests=["trade", "gold", None]) == ["/interests/1", "/interests/2"]
    assert said(interests=["gold"]) == ["Choose one of: investment, trade, education, culture, social, health."]


@pytest.mark.parametrize("born", [YEAR - 18, 1950, YEAR - 120])
def test_adults_may_register(born: int) -> None:
    assert read(birth_year=born).birth_year == born


@pytest.mark.parametrize("born", [YEAR - 17, YEAR, YEAR + 1, YEAR - 121, 0, -5, 85, "1985", 1985.5, 1985.0, True, 10**30])
def test_others_may_not(born: object) -> None:
    assert refused(birth_year=born) == ["/birth_year"]


def test_somebody_under_18_is_told_kindly() -> None:
    assert said(birth_year=YEAR - 17)[0].startswith("Thank you for coming.")


@pytest.mark.parametrize(
    ("consent", "pointer"),
    [
        (None, "/consent"),
        ({}, "/consent/registration"),
        ({"registration": False}, "/consent/registration"),
        ({"registration": "true"}, "/consent/registration"),
        ({"registration": 1}, "/consent/registration"),
        ({"registration": None}, "/consent/registration"),
        ({"registration": True, "information": "yes"}, "/consent/information"),
        ({"registration": True, "sharing": 1}, "/consent/sharing"),
        (True, "/consent"),
        ([], "/consent"),
    ],
)
def test_consent_is_given_in_so_many_words(consent: object, pointer: str) -> None:
    assert refused(consent=consent) == [pointer]


@pytest.mark.parametrize("version", [None, "", "2020-02", "2020-01.en", 2020, "../2020-01"])
def test_wording_must_be_one_that_was_shipped(version: object) -> None:
    assert refused(consent_text_version=version) == ["/consent_text_version"]


@pytest.mark.parametrize(
    ("channel", "without"),
    [("email", {"email": None}), ("whatsapp", {}), ("sms", {"phone": None}), ("call", {"phone": None}), ("telegram", {}), ("pigeon", {})],
)
def test_channel_needs_its_address(channel: str, without: dict[str, None]) -> None:
    assert refused(channels=[channel], **without)[0].startswith("/channels")


def test_channel_does_not_complain_of_an_address_that_is_complained_of() -> None:
    assert refused(channels=["email", "sms", "call"], email="palesa", phone="12") == ["/phone", "/email"]


def test_telegram_is_chosen_in_telegram() -> None:
    assert form.parse(body(channels=["telegram"]), telegram=True).channels == ("telegram",)


def test_information_without_channels_goes_by_mail_else_by_call() -> None:
    assert read().channels == ("email",)
    assert read(email=None).channels == ("call",)
    assert read(consent={"registration": True, "information": False}).channels == ()


def test_long_text_is_refused() -> None:
    assert refused(contribution_note="x" * 1001, city="x" * 81, occupation="x" * 81, partner_code="x" * 65) == [
        "/city",
        "/occupation",
        "/contribution_note",
        "/partner_code",
    ]
    assert read(contribution_note="x" * 1000).contribution_note == "x" * 1000


@pytest.mark.parametrize("field", ["city", "occupation", "contribution_note", "partner_code"])
def test_text_of_blanks_is_nothing(field: str) -> None:
    assert getattr(read(**{field: "   "}), field) is None


@pytest.mark.parametrize("field", ["city", "occupation", "contribution_note", "partner_code"])
@pytest.mark.parametrize("value", ["a\x00b", "a\u202eb", "a\u2028b", 5, ["a"]])
def test_text_with_controls_is_refused(field: str, value: object) -> None:
    assert refused(**{field: value}) == [f"/{field}"]


def test_case_32_fields_of_nobodys_business_are_ignored() -> None:
    more = {
        "role": "admin",
        "status": "confirmed",
        "id": 5,
        "area": "GB",
        "submitted_at": "x",
        "approved_by": "me",
        "phone_uncertain": True,
        "way": "x",
    }
    assert read(**more) == read()
    assert read(consent={"registration": True, "information": True, "sharing": False, "given_at": "2001-01-01"}) == read()


def test_errors_are_told_in_sesotho() -> None:
    assert said("st", given_name=None) == ["Ngola lebitso la hau."]
