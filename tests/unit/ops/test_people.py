import orjson
import pytest

from ops.people import EMAIL_DOMAINS, contacts, people
from services.gateway import form
from shared import facts

YEAR = 2026
PEOPLE = people(500, year=YEAR)


def test_people_are_the_same_each_time() -> None:
    assert people(500, year=YEAR) == PEOPLE


def test_each_contact_is_one_persons_alone() -> None:
    assert len(set(contacts(PEOPLE))) == len(contacts(PEOPLE))


def test_every_area_has_people_and_no_other_has() -> None:
    assert {person.get("province", person["country"]) for person in PEOPLE} == {area.code for area in facts.areas()}


def test_both_languages_are_spoken() -> None:
    assert {person["language"] for person in PEOPLE} == {"en", "st"}


def test_every_field_of_the_form_occurs() -> None:
    asked = set(form.RegistrationForm.model_fields) - {"phone_region"}
    assert {field for person in PEOPLE for field in person} == asked


def test_every_registration_passes_the_gateways_rules_and_its_number_has_one_reading() -> None:
    for person in PEOPLE:
        read = form.parse(orjson.dumps(person))
        assert read.email == person.get("email")
        assert (read.phone.e164 if read.phone else None) == person.get("phone")
        assert read.phone is None or not read.phone.uncertain


def test_addresses_are_examples() -> None:
    assert {person["email"].partition("@")[2] for person in PEOPLE if "email" in person} == set(EMAIL_DOMAINS)


@pytest.mark.parametrize("count", [1, 19, 40])
def test_fewer_people_are_as_many_as_asked_for(count: int) -> None:
    assert len(people(count, year=YEAR)) == count
