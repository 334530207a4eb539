"""Two clerks on one record: each changes what they touched, and nobody's work is undone by an old page."""

from typing import Any

import pytest

from services.registry.corrections import LISTS
from services.registry.people import correcting
from tests.unit.registry.test_selfservice import member


def typed(values: correcting.Values, **changes: Any) -> dict[str, list[str]]:
    """Return a form as a browser sends it: with its own ends of lines, and without boxes that are not ticked."""
    sent = {name: [each.replace("\n", "\r\n") for each in value] for name, value in (values | changes).items()}
    return {name: value for name, value in sent.items() if value or name not in LISTS}


def test_form_sent_back_as_it_was_changes_nothing() -> None:
    lerato = member(contribution_note="I teach.\nAt home.", interests=["trade", "culture"])
    values = correcting.held(lerato)
    assert correcting.touched(typed(values), correcting.shown(values)) == {}


def test_only_what_was_touched_is_corrected() -> None:
    values = correcting.held(member(city="Welkom", interests=["trade", "culture"], birth_year=1984))
    form = typed(values, city=["Virginia"], birth_year=[""], interests=["culture", "trade"], needs=["work"])
    assert correcting.body(correcting.touched(form, correcting.shown(values))) == {
        "city": "Virginia",
        "birth_year": None,
        "needs": ["work"],
    }


def test_boxes_that_were_all_unticked_are_a_change() -> None:
    values = correcting.held(member(interests=["trade"]))
    assert correcting.body(correcting.touched(typed(values, interests=[]), correcting.shown(values))) == {"interests": []}


@pytest.mark.parametrize("carried", ["", "{", "[]", "7", '{"city": ["x"]}', '{"given_name": 1}'])
def test_of_a_page_that_does_not_say_what_it_showed_all_counts_as_changed(carried: str) -> None:
    form = typed(correcting.held(member(interests=["trade"])))
    assert set(correcting.touched(form, carried)) == set(form)


def test_slower_clerk_keeps_what_they_typed_and_sees_what_the_other_changed() -> None:
    lerato = member(city="Welkom", occupation="Nurse", given_name="Lerato")
    carried = correcting.shown(correcting.held(lerato))
    form = typed(correcting.held(lerato), city=["Virginia"], given_name=["Lerato Anna"])
    lerato.city, lerato.occupation = "Odendaalsrus", "Teacher"
    merged = correcting.merge(lerato, form, carried, "en")
    assert merged.differences == [("Town", "Odendaalsrus", "Virginia"), ("Occupation", "Teacher", "")]
    assert [merged.values[name] for name in ("city", "occupation", "given_name")] == [["Virginia"], ["Teacher"], ["Lerato Anna"]]


def test_next_try_changes_only_what_is_still_different() -> None:
    lerato = member(city="Welkom", occupation="Nurse")
    carried = correcting.shown(correcting.held(lerato))
    form = typed(correcting.held(lerato), city=["Virginia"])
    lerato.city, lerato.occupation = "Virginia", "Teacher"
    merged = correcting.merge(lerato, form, carried, "en")
    assert correcting.touched(typed(merged.values), correcting.shown(correcting.held(lerato))) == {}
