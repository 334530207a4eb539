"""Phone numbers in any spelling, and who decides where two readings are right."""

from typing import Any
from uuid import UUID

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.gateway import form
from services.gateway.form import phones
from services.gateway.form.phones import Number, Reading, readings, shown
from services.gateway.form.rules import RegistrationForm
from shared import clock
from shared.errors import Invalid
from tests.unit.gateway.registrations import body

TWICE = "2200 0123"
"""A fixed line in Eswatini, and one in Lesotho."""


def read(**changed: Any) -> RegistrationForm:
    return form.parse(body(**changed))


def refused(**changed: Any) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        read(**changed)
    return [error.pointer for error in refusal.value.errors]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+27710000123", "+27710000123"),
        ("+27 (0)71 000-0123", "+27710000123"),
        ("071 000 0123", "+27710000123"),
        ("0027 71 000 0123", "+27710000123"),
        ("5000 0123", "+26650000123"),
        ("+266 5000 0123", "+26650000123"),
        ("00266-5000-0123", "+26650000123"),
        ("＋２７７１００００１２３", "+27710000123"),
        ("\u00a0071.000.0123 ", "+27710000123"),
        ("+44 20 7946 0123", "+442079460123"),
    ],
)
def test_phone_in_any_spelling_is_kept_in_one(typed: str, kept: str) -> None:
    assert read(phone=typed).phone == Number(kept)


@pytest.mark.parametrize(
    "typed",
    [
        "12",
        "abc",
        "+",
        "0" * 500,
        "+999 5000 0123",
        "071 000 01234567",
        "+1 900 234 5678",
        "tel:+27710000123",
        "071FLOWERS",
        27710000123,
        True,
        [],
        "071 000 0123\n",
        "+27710000123\u2028",
        "+27 71 000 0123 / +27 71 000 0124",
        "112",
    ],
)
def test_phone_that_nobody_answers_is_refused(typed: object) -> None:
    assert refused(phone=typed) == ["/phone"]


def test_phone_with_two_readings_is_the_residences_until_somebody_chooses() -> None:
    assert read(country="SZ", province=None, phone=TWICE).phone == Number("+26822000123", uncertain=True)
    assert read(country="SZ", province=None, phone=TWICE, phone_region="LS").phone == Number("+26622000123")
    assert read(country="SZ", province=None, phone=TWICE, phone_region="SZ").phone == Number("+26822000123")


def test_phone_region_that_is_none_of_the_readings_leaves_it_open() -> None:
    assert read(country="SZ", province=None, phone=TWICE, phone_region="GB").phone == Number("+26822000123", uncertain=True)
    assert refused(country="SZ", province=None, phone=TWICE, phone_region="XX") == ["/phone_region"]


def test_phone_region_does_not_change_a_number_with_one_reading() -> None:
    assert read(phone="071 000 0123", phone_region="LS").phone == Number("+27710000123")


def test_phone_is_read_although_the_country_is_wrong() -> None:
    assert refused(country="XX", phone="+27710000123") == ["/country"]


def test_event_says_that_a_phone_is_uncertain() -> None:
    filled = read(country="SZ", province=None, phone=TWICE, whatsapp=True)
    event = form.submission(filled, submission_id=UUID(int=1), submitted_at=clock.now(), way="api")
    assert (event.phone, event.phone_uncertain, event.whatsapp) == ("+26822000123", True, "+26822000123")


def test_whatsapp_may_be_the_same_number_another_or_none() -> None:
    assert read(whatsapp=True).whatsapp == Number("+27710000123")
    assert read(whatsapp="+266 5000 0123").whatsapp == Number("+26650000123")
    assert read(whatsapp=False).whatsapp is None


@pytest.mark.parametrize("whatsapp", [1, "yes", "12", [], {"a": 1}])
def test_whatsapp_that_is_no_number_is_refused(whatsapp: object) -> None:
    assert refused(whatsapp=whatsapp) == ["/whatsapp"]


def test_whatsapp_same_as_no_phone_is_refused() -> None:
    assert refused(whatsapp=True, phone=None) == ["/whatsapp"]


def test_whatsapp_with_two_readings_wants_its_country_code() -> None:
    assert refused(country="SZ", province=None, whatsapp=TWICE) == ["/whatsapp"]


def test_page_asks_which_number_is_meant() -> None:
    values = {"given_name": ["Palesa"], "family_name": ["Mokoena"], "country": ["SZ"], "phone": [TWICE], "consent_registration": ["true"]}
    values["consent_text_version"] = ["2020-01"]
    with pytest.raises(Invalid) as refusal:
        form.from_page(values)
    assert [error.pointer for error in refusal.value.errors] == ["/phone_region"]
    assert form.from_page(values | {"phone_region": ["LS"]}).phone == Number("+26622000123")


def test_readings_are_shown_as_people_write_them() -> None:
    found = readings(TWICE, ["SZ", "LS"])
    assert found == [Reading("SZ", "+26822000123"), Reading("LS", "+26622000123")]
    assert [reading.shown for reading in found] == ["+268 2200 0123", "+266 2200 0123"]
    assert shown("+27710000123") == "+27 71 000 0123"


@st.composite
def international(draw: st.DrawFn) -> tuple[str, str]:
    """Return a region, and a number with its country code that may be right there: an example of some kind, changed or cut or not."""
    region = draw(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
    kind = draw(st.sampled_from(phonenumbers.PhoneNumberType.values()))
    usual = phonenumbers.example_number_for_type(region, kind)
    digits = list(phonenumbers.national_significant_number(usual)) if usual else draw(st.lists(st.sampled_from("0123456789"), max_size=15))
    for place, digit in draw(st.lists(st.tuples(st.integers(0, 15), st.sampled_from("0123456789")), max_size=4)):
        digits[place : place + draw(st.integers(0, 2))] = digit
    spelt = "".join(draw(st.sampled_from(("", "", "", " "))) + digit for digit in digits)
    return region, f"+{phonenumbers.country_code_for_region(region)}{spelt}"


@given(international(), st.sampled_from(["ZA", "LS", "GB"]))
@example(("ZA", "+27 71 000 0123"), "LS")
@example(("IT", "+39 06 6982 0123"), "LS")
def test_number_that_fits_the_plan_is_read_as_the_library_reads_it(number: tuple[str, str], residence: str) -> None:
    region, spelt = number
    for regions in ([region], [residence, region], [region, residence]):
        found = readings(spelt, regions)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(phones, "plan", lambda _: None)
            assert found == readings(spelt, regions)


@pytest.mark.parametrize(
    ("region", "e164"), [("ZA", "+27710000123"), ("LS", "+26650000123"), ("BW", "+26771000123"), ("ZM", "+260955000123")]
)
def test_ordinary_number_fits_its_plan(region: str, e164: str) -> None:
    known = phones.plan(region)
    assert known
    assert known.match(e164)


@pytest.mark.parametrize("region", ["GB", "US", "XX", ""])
def test_region_that_shares_its_country_code_has_no_plan(region: str) -> None:
    assert phones.plan(region) is None
