"""Who is found to be compared at all."""

import pytest

from services.registry.likeness import LARGEST_BLOCK, MOST_CANDIDATES, Birth, Person, blocking_keys, candidates
from tests.unit.registry.likeness.people import DOUBLED, PALESA, like

KNOWN = 12
"""Keys of one with a given name, a family name, a year, a town and a phone, at most."""


@pytest.mark.parametrize(
    "second",
    [
        like(given_name="Sekhonyana", family_name="Palesa"),
        like(given_name="Thuso"),
        like(family_name="Mokoena"),
        like(birth=Birth(1958)),
        like(birth=None, city=""),
        like(city="Welkom"),
        like(family_name="Mokoena-Sekhonyana"),
        like(given_name="Palesa Anna", city="Welkom"),
        like(given_name="Палеса", birth=None),
    ],
)
def test_one_change_leaves_a_key_in_common(second: Person) -> None:
    assert blocking_keys(PALESA) & blocking_keys(second)


def test_strangers_have_no_key_in_common() -> None:
    assert not blocking_keys(PALESA) & blocking_keys(Person("Thuso", "Ramaili", Birth(1970), city="Welkom"))


def test_keys_are_few_and_fit_a_bigint() -> None:
    keys = blocking_keys(like(phones=("+26650000001",)))
    assert len(keys) <= KNOWN
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert blocking_keys(Person()) == set()


def test_shared_contact_is_a_key() -> None:
    one, other = Person("Palesa", phones=("+26650000001",)), Person("Thuso", phones=("+26650000001",))
    assert len(blocking_keys(one) & blocking_keys(other)) == 1


def test_doubles_have_a_key_in_common() -> None:
    keys: dict[int, list[set[int]]] = {}
    for record in DOUBLED:
        keys.setdefault(record.identity, []).append(blocking_keys(record.person))
    doubled = [both for both in keys.values() if len(both) == 2]
    met = sum(bool(one & other) for one, other in doubled)
    assert met >= 0.98 * len(doubled)


def test_candidates_are_ordered_by_keys_in_common_then_by_themselves() -> None:
    assert candidates({1, 2, 3}, {1: [9, 7, 8], 2: [7, 8], 3: [8], 4: [1]}) == [8, 7, 9]


def test_too_common_key_is_not_followed() -> None:
    assert candidates({1, 2}, {1: range(LARGEST_BLOCK + 1), 2: [5]}) == [5]


def test_candidates_have_a_limit() -> None:
    holders = {key: range(key * LARGEST_BLOCK, (key + 1) * LARGEST_BLOCK) for key in range(5)}
    assert candidates(holders, holders) == list(range(MOST_CANDIDATES))
