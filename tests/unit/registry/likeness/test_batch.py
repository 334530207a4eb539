"""Likely pairs of a whole file."""

import random

from bench.households import people, with_doubles
from services.registry.likeness import Person, Population, Weights, pairs
from services.registry.likeness.evidence import LIKELY_FROM
from services.registry.likeness.learning import STRICTEST, likely_from
from tests.unit.registry.likeness.people import DOUBLED, PALESA, like

PEOPLE = [record.person for record in DOUBLED]


def found(persons: list[Person]) -> set[frozenset[Person]]:
    return {frozenset((persons[scored.one], persons[scored.other])) for scored in pairs(persons)}


def test_likely_pairs_are_right_and_nearly_all() -> None:
    offered = list(pairs(PEOPLE))
    right = sum(DOUBLED[scored.one].identity == DOUBLED[scored.other].identity for scored in offered)
    assert right >= 0.99 * len(offered)
    assert right >= 0.85 * 300


def test_file_without_doubles_offers_hardly_anybody() -> None:
    alone = [record.person for record in people(2_000, seed=21)]
    assert len(list(pairs(alone))) <= 2


def test_order_of_the_rows_does_not_matter() -> None:
    mixed = PEOPLE.copy()
    random.Random(4).shuffle(mixed)
    assert found(mixed) == found(PEOPLE)


def test_each_pair_is_said_once_with_the_earlier_first() -> None:
    said = [(scored.one, scored.other) for scored in pairs(PEOPLE, least=0.01)]
    assert len(set(said)) == len(said)
    assert all(one < other for one, other in said)


def test_least_shows_more_and_marks_the_likely() -> None:
    likely = {(scored.one, scored.other) for scored in pairs(PEOPLE)}
    shown = list(pairs(PEOPLE, least=0.1))
    assert {(scored.one, scored.other) for scored in shown if scored.judgement.likely} == likely
    assert len(shown) > len(likely)
    assert min(scored.judgement.score for scored in shown) >= 0.1


def test_small_files_are_read_too() -> None:
    assert list(pairs([])) == []
    assert list(pairs([PALESA])) == []
    assert [(scored.one, scored.other) for scored in pairs([PALESA, like(given_name="Plaesa")])] == [(0, 1)]
    assert list(pairs([PALESA, like(given_name="Thabo", gender="male", occupation="cook")])) == []


def test_given_population_is_not_taught() -> None:
    population = Population.of(PEOPLE)
    scored = next(iter(pairs(PEOPLE, population)))
    assert population.weights == Weights()
    assert scored.judgement.score >= population.weights.likely_from


def test_weights_are_kept_as_json() -> None:
    weights = Weights(likely_from=0.93)
    assert Weights.from_dict(weights.as_dict()) == weights


def test_what_is_offered_is_right_on_the_whole() -> None:
    assert likely_from([1.0] * 100 + [0.91, 0.5]) == 0.91
    assert likely_from([0.92] * 100) == STRICTEST
    assert likely_from([0.92] * 5) == likely_from([]) == LIKELY_FROM


def test_only_one_slip_each_is_found_nearly_always() -> None:
    records = with_doubles(people(1_500, seed=31), 0.2, seed=32, most=1)
    offered = list(pairs([record.person for record in records]))
    right = sum(records[scored.one].identity == records[scored.other].identity for scored in offered)
    assert right >= 0.99 * len(offered)
    assert right >= 0.9 * 300
