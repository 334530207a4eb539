"""Sharing is not sameness: who lives in one house is not one person, and who writes their name another way is."""

import csv
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bench import households
from ops.commands import likely_pairs
from services.registry.likeness import Birth, Judgement, Person, Population, Traits, blocking_keys, judge

PEOPLE = [record.person for record in households.people(2_000, seed=7)]
POPULATION = Population.of(PEOPLE)
LINEO = Person("Lineo", "Mokoena", Birth(1985, 4, 8), "female", "ZA-GP", "Soweto", phones=("+27710000001",), occupation="nurse")
PALESA = replace(LINEO, given_name="Palesa", birth=Birth(2004, 9, 1), occupation="")


def judged(one: Person, other: Person) -> Judgement:
    return judge(Traits.of(one), Traits.of(other), POPULATION)


@pytest.mark.parametrize(
    "again",
    [
        replace(LINEO, given_name="Mokoena", family_name="Lineo"),
        replace(LINEO, given_name="Linoe", phones=()),
        replace(LINEO, family_name="Mokwena", phones=("+27720000009",)),
        replace(LINEO, given_name="LINEO ", family_name="mokoena", birth=Birth(1985, 8, 4), phones=()),
    ],
    ids=["swapped", "misspelt", "another spelling and phone", "day and month swapped"],
)
def test_same_person_written_another_way_is_likely(again: Person) -> None:
    assert judged(LINEO, again).likely


@pytest.mark.parametrize(
    "other",
    [
        PALESA,
        replace(LINEO, given_name="Lerato"),
        replace(LINEO, given_name="Thabo", gender="male"),
        replace(LINEO, birth=Birth(1958, 1, 30), occupation=""),
    ],
    ids=["daughter on her phone", "twin sister", "twin brother", "mother of the same name"],
)
def test_somebody_of_one_house_is_not(other: Person) -> None:
    assert not judged(LINEO, other).likely


def test_order_does_not_matter() -> None:
    for one, other in pairwise([LINEO, PALESA, *PEOPLE[:60]]):
        assert judged(one, other) == judged(other, one)


def test_what_speaks_for_and_against_is_told() -> None:
    for_it = {reason.slug: reason.weight for reason in judged(LINEO, replace(LINEO, given_name="Linoe")).reasons}
    against = {reason.slug: reason.weight for reason in judged(LINEO, PALESA).reasons}
    assert any(weight > 0 for weight in for_it.values())
    assert any(weight < 0 for weight in against.values())


def test_keys_are_few_and_meet_in_spite_of_a_slip() -> None:
    keys = blocking_keys(Traits.of(LINEO))
    assert 0 < len(keys) <= 12
    assert keys & blocking_keys(Traits.of(replace(LINEO, family_name="Mokwena")))
    assert keys & blocking_keys(Traits.of(replace(LINEO, given_name="Mokoena", family_name="Lineo")))


def test_command_prints_the_likely_rows_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "people.csv"
    with sheet.open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "surname", "given_name", "date_of_birth", "suburb", "shoe size"])
        rows.writerow(["a", "Mokoena", "Lineo", "1985-04-08", "Soweto", "5"])
        rows.writerow(["b", "Mokoena", "Linoe", "1985-04-08", "Soweto", "6"])
        rows.writerow(["c", "Mokoena", "Palesa", "2004-09-01", "Soweto", "4"])
    likely_pairs.run([sheet], least=None, truth="")
    printed = capsys.readouterr()
    assert "1 likely pairs" in printed.err
    assert "shoe size" in printed.err
