"""Filters of the list of people as a form sends them."""

from datetime import UTC, datetime

import pytest

from services.registry.finding import Filters
from services.registry.people import asked
from services.registry.people.asked import Asked
from services.registry.scope import Scope
from shared.errors import Forbidden


def read(**query: str) -> Asked:
    found, wrong = asked.read(query, "en")
    assert wrong == []
    return found


def test_blank_fields_do_not_matter() -> None:
    assert read(**dict.fromkeys(Asked.model_fields, " ")).filters == Filters()


@pytest.mark.parametrize("typed", ["FR", "fr", "France", " france ", "FRANCE"])
def test_country_is_found_by_code_or_name(typed: str) -> None:
    assert read(country=typed).filters.country == "FR"


def test_country_is_found_by_its_sesotho_name() -> None:
    assert read(country="Afrika Boroa").filters.country == "ZA"


def test_day_begins_at_midnight() -> None:
    assert read(since="2020-02-03").filters.since == datetime(2020, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "typed"),
    [("country", "Nowhere"), ("province", "ZA-XX"), ("status", "gone"), ("since", "3/2/20"), ("q", "x" * 201), ("channel", "fax")],
)
def test_what_is_typed_wrong_is_named(name: str, typed: str) -> None:
    found, wrong = asked.read({name: typed}, "en")
    assert (found, [error.pointer for error in wrong]) == (Asked(), [f"/{name}"])


def test_errors_are_told_in_the_readers_language() -> None:
    assert asked.read({"country": "Nowhere"}, "st")[1][0].detail.startswith("Ha ho naha")


def test_words_searched_for_are_not_saved() -> None:
    assert read(q="Palesa Mokoena", country="France", status="confirmed").to_save == "country=FR&status=confirmed"


@pytest.mark.parametrize("name", ["language", "interest", "contribution", "channel", "partner"])
def test_mission_looks_for_nothing_that_it_may_not_see(name: str) -> None:
    value = {"language": "st", "channel": "sms", "partner": "LS-X"}.get(name, "trade")
    read(**{name: value}).refuse_beyond(Scope())
    with pytest.raises(Forbidden):
        read(**{name: value}).refuse_beyond(Scope(frozenset({"ZA-GP"}), sharing_only=True))


def test_mission_looks_for_what_it_sees() -> None:
    read(q="x", country="ZA", province="ZA-GP", status="confirmed", since="2020-01-01").refuse_beyond(Scope(frozenset(), sharing_only=True))
