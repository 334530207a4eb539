"""What a clerk reads about a pair, and when comparing gives way."""

from datetime import UTC, datetime, timedelta

import pytest

from services.registry.duplicates import words
from services.registry.duplicates.comparing import EVERY_SECONDS, GIVES_WAY_SECONDS, Wave
from services.registry.duplicates.learning import Before, is_due, is_new
from services.registry.duplicates.reasons import shown
from services.registry.likeness import SLUGS
from shared.web.language import Language
from tests.unit.registry.duplicates.records import AT, TWICE, contact, member

NOW = datetime(2020, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("language", ["en", "st"])
def test_every_reason_has_words_of_its_own(language: Language) -> None:
    said = [each.text for each in shown([[slug, 1.0] for slug in SLUGS], language)]
    assert len(said) == len(set(said)) == len(SLUGS) - 1


def test_reasons_say_how_strongly_and_for_what() -> None:
    kept: list[list[object]] = [["same_name", 9.5], ["different_birth_year", -3.0], ["same_area", 0.4], ["any_two_people", -12.0]]
    assert [(each.slug, each.speaks) for each in shown(kept, "en")] == [
        ("same_name", "speaks strongly for one person"),
        ("different_birth_year", "speaks for two people"),
        ("same_area", "speaks a little for one person"),
    ]


def test_lines_show_both_and_what_would_be_kept() -> None:
    one, other = member(city="Welkom"), member(TWICE, "Phalesa", city="Welkom", birth_year=1980)
    found = {line.name: (line.values, line.differs, line.may_choose, line.chosen) for line in words.lines([one, other], "en")}
    assert found["given_name"] == (("Palesa", "Phalesa"), True, True, 0)
    assert found["city"] == (("Welkom", "Welkom"), False, False, 0)
    assert found["birth_year"] == (("", "1980"), True, True, 1)
    assert found["country"] == (("South Africa, Gauteng", "South Africa, Gauteng"), False, False, 0)
    assert "occupation" not in found


def test_contacts_are_marked_that_both_have() -> None:
    one = member(contacts=[contact(1, "Palesa@example.org"), contact(2, "+27710000001")])
    other = member(TWICE, contacts=[contact(3, "palesa@example.org", member=TWICE)])
    assert words.contacts([one, other]) == ([("Palesa@example.org", True), ("+27710000001", False)], [("palesa@example.org", True)])


def test_what_would_end_is_said() -> None:
    one, other = member(information=["email"], sharing=True), member(TWICE, information=["email", "call"])
    assert words.ends([one, other], "en") == "sharing with the mission of the area, information (A phone call)"


def test_comparing_gives_way_to_a_wave_but_not_for_ever() -> None:
    wave = Wave()
    assert not wave.runs(3, AT.timestamp())
    moment, waiting = AT.timestamp(), 3
    gave_way = 0
    while waiting := waiting + 2_000:
        moment += EVERY_SECONDS
        if not wave.runs(waiting, moment):
            break
        gave_way += 1
    assert gave_way * EVERY_SECONDS == GIVES_WAY_SECONDS
    assert not wave.runs(waiting + 10, moment + EVERY_SECONDS)


@pytest.mark.parametrize(
    ("members", "before", "due", "new"),
    [
        (999, None, False, True),
        (1_000, None, True, True),
        (1_499, Before(NOW, 1_000), False, False),
        (1_500, Before(NOW, 1_000), True, False),
        (2_000, Before(NOW, 1_000), True, True),
        (1_001, Before(NOW - timedelta(days=1), 1_000), True, False),
        (1_000, Before(NOW - timedelta(days=9), 1_000), False, False),
    ],
)
def test_lesson_is_due_when_the_registry_has_grown_or_a_night_has_passed(members: int, before: Before | None, due: bool, new: bool) -> None:
    assert (is_due(members, before, NOW), is_new(members, before)) == (due, new)
