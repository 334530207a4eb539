"""How common names, years and places are among the people compared: agreeing on what is rare says more."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib import resources
from typing import Self

from services.registry.likeness import facts
from services.registry.likeness.evidence import SEEN_BY_CHANCE, Comparison, Weights
from services.registry.likeness.names import Step, Words, compare
from services.registry.likeness.person import Birth, Person
from services.registry.likeness.spelling import spelled
from services.registry.likeness.traits import Traits, traits_of

DRAWS = 30_000
"""Pairs of values drawn to see how often chance makes two alike; a fixed beginning makes them the same each time."""
SEED = 1966
OWN_WEIGHT = 3_000
"""Draws that the shares we begin with are worth."""
UNSEEN: Mapping[Comparison, float] = {
    Comparison.GIVEN: 0.00005,
    Comparison.FAMILY: 0.00002,
    Comparison.BIRTH_DATE: 1 / 365,
    Comparison.BIRTH_YEAR: 1 / 60,
    Comparison.ADDRESS: 0.0001,
    Comparison.POSTCODE: 0.002,
    Comparison.CITY: 0.005,
    Comparison.AREA: 0.1,
    Comparison.DISTRICT: 0.1,
    Comparison.OCCUPATION: 0.02,
}
"""The share of a value nobody was seen with."""
RAREST: Mapping[Comparison, float] = {
    Comparison.CITY: 0.002,
    Comparison.OCCUPATION: 0.005,
    Comparison.AREA: 0.005,
    Comparison.POSTCODE: 0.0005,
}
"""Nothing of this kind counts as rarer: what hardly anybody has written is a slip that two strangers can make."""
BEFOREHAND = 200
"""People that the shares known beforehand are worth (the shipped names, `UNSEEN`)."""
KNOWN_AS = 2_000
"""People that the shipped names are worth for telling a name from a slip: enough for each of them to be a name."""
SLIPS_EACH = 0.01
"""One misspelling of a name is at most so common among those who bear it; what is commoner is a name of its own."""
SLIPPED = 0.15
"""So many of those who bear a name are found misspelt."""
NEAR_YEARS, NEAR_DAYS = 0.2, 0.045
"""Of two years, and of two days of one year, so many differ in one figure, or day and month have changed places."""
SAME_MONTH, SAME_DAY, DIFFERENT_DATES = 1 / 12, 1 / 30, 0.97
FEWEST = 1_000
"""A population counts as at least so many people: two of a small circle are not the same for want of others."""


def _shipped() -> dict[Comparison, dict[str, float]]:
    found: dict[Comparison, dict[str, float]] = {Comparison.GIVEN: {}, Comparison.FAMILY: {}}
    for line in resources.files(__package__).joinpath("names.csv").read_text("utf-8").splitlines()[1:]:
        field, name, share = line.split(",")
        found[Comparison(f"{field}_name")][name] = float(share) / 10_000
    return found


SHIPPED = _shipped()
"""Shares of Sesotho names, believable and not counted: what is known while there are few members."""


class Population:
    """Counts of values, and what follows from them. Values are those of `Traits`; days of birth are counted as `MM-DD`.

    Args:
        counts: how many people have each value; names are counted by word.
        people: how many there are.
        weights: what is believed of their records.
    """

    def __init__(self, counts: Mapping[Comparison, Mapping[str, int]], people: int, weights: Weights | None = None) -> None:
        self.counts, self.people, self.weights = counts, people, weights or Weights()
        self.compared: dict[tuple[Comparison, Words, Words], tuple[Step, float]] = {}
        self._totals = {comparison: sum(values.values()) for comparison, values in counts.items()}

    @classmethod
    def of(cls, people: Iterable[Person | Traits]) -> Self:
        """Count these people."""
        counts: dict[Comparison, Counter[str]] = {comparison: Counter() for comparison in UNSEEN}
        number = 0
        for person in people:
            number += 1
            for comparison, values in counted(traits_of(person)):
                counts[comparison].update(values)
        return cls(counts, number)

    def with_weights(self, weights: Weights) -> "Population":
        """Return the same people with other beliefs about their records."""
        other = Population(self.counts, self.people, weights)
        other.by_chance, other.compared = self.by_chance, self.compared
        return other

    @property
    def size(self) -> int:
        """How many people there are, for the chance that two are the same."""
        return max(self.people, FEWEST)

    def share(self, comparison: Comparison, value: str) -> float:
        """Return how common a value is."""
        beforehand = SHIPPED[comparison].get(value, UNSEEN[comparison]) if comparison in SHIPPED else UNSEEN[comparison]
        counted = self.counts.get(comparison, {}).get(value, 0)
        share = (counted + BEFOREHAND * beforehand) / (self._totals.get(comparison, 0) + BEFOREHAND)
        return max(share, RAREST.get(comparison, 0.0))

    def share_of_name(self, name: Words) -> float:
        """Return how common a name is, as given or family name, whichever is more: of several words, the rarest's."""
        return min(max(self.share(Comparison.GIVEN, word), self.share(Comparison.FAMILY, word)) for word in name)

    def chance_of_dates(self, one: Birth, other: Birth, step: facts.DateStep) -> float:
        """Return how often two strangers' dates have in common what these have."""
        year = self.share(Comparison.BIRTH_YEAR, str(one.year)) if one.year == other.year else 1.0
        if (one.month, one.day) == (other.month, other.day):
            day = self.share(Comparison.BIRTH_DATE, f"{one.month}-{one.day}")
            return year * day * (NEAR_YEARS if step is facts.DateStep.NEAR else 1.0)
        if step is facts.DateStep.NEAR:
            return year * NEAR_DAYS
        if step is facts.DateStep.TWO_PARTS:
            return year * (SAME_MONTH if one.month == other.month else SAME_DAY)
        return year if step is facts.DateStep.YEAR_ALONE else DIFFERENT_DATES

    def step(self, one: Words, other: Words) -> Step:
        """Return how alike two names are, and whether the rarer one is a name of its own."""
        step = compare(one, other)
        if step in (Step.NEAR, Step.FAR) and self._known(one, other):
            if spelled("".join(one)) == spelled("".join(other)):
                return Step.VARIANT
            return Step.NEAR_KNOWN if step is Step.NEAR else Step.FAR_KNOWN
        return step

    def _known(self, one: Words, other: Words) -> bool:
        rarer, commoner = sorted((self._bearers(one), self._bearers(other)))
        return rarer > 2 + SLIPS_EACH * commoner

    def _bearers(self, name: Words) -> float:
        """Return how many people bear a name, or its rarest word: the counted, and those known beforehand as so many as they are worth."""
        return min(
            max(self.counts.get(field, {}).get(word, 0) + KNOWN_AS * SHIPPED[field].get(word, 0.0) for field in SHIPPED)
            for word in (tuple(word for word in name if len(word) > 1) or name)
        )

    @cached_property
    def by_chance(self) -> Mapping[Comparison, tuple[float, ...]]:
        """As `SEEN_BY_CHANCE`, with what is found in pairs of values drawn from these people."""
        found = dict(SEEN_BY_CHANCE)
        drawn: dict[Comparison, Callable[[str, str], int]] = {
            Comparison.GIVEN: lambda one, other: self.step((one,), (other,)),
            Comparison.FAMILY: lambda one, other: self.step((one,), (other,)),
            Comparison.BIRTH_YEAR: lambda one, other: facts.compare_years(int(one), int(other)),
            Comparison.ADDRESS: facts.compare_addresses,
            Comparison.POSTCODE: facts.compare_codes,
            Comparison.CITY: facts.compare_texts,
            Comparison.AREA: facts.compare_texts,
            Comparison.DISTRICT: facts.compare_texts,
            Comparison.OCCUPATION: facts.compare_texts,
        }
        chance = random.Random(SEED)
        for comparison, compared in drawn.items():
            values = self.counts.get(comparison, {})
            if len(values) < 2:
                continue
            shares = [share * OWN_WEIGHT for share in SEEN_BY_CHANCE[comparison]]
            names = sorted(values)
            picked = chance.choices(names, [values[name] for name in names], k=2 * DRAWS)
            for one, other in zip(picked[::2], picked[1::2], strict=True):
                shares[compared(one, other)] += 1
            found[comparison] = tuple(share / sum(shares) for share in shares)
        return found


def counted(person: Traits) -> Iterable[tuple[Comparison, Iterable[str]]]:
    """Return the values to count of one person: what a store of counts keeps."""
    yield Comparison.GIVEN, person.given
    yield Comparison.FAMILY, person.family
    if person.birth_year is not None:
        yield Comparison.BIRTH_YEAR, (str(person.birth_year),)
    if person.whole_birth:
        yield Comparison.BIRTH_DATE, (f"{person.whole_birth.month}-{person.whole_birth.day}",)
    texts = (
        (Comparison.ADDRESS, person.address),
        (Comparison.POSTCODE, person.postcode),
        (Comparison.CITY, person.city),
        (Comparison.AREA, person.area),
        (Comparison.DISTRICT, person.home_district),
        (Comparison.OCCUPATION, person.occupation),
    )
    for comparison, value in texts:
        if value:
            yield comparison, (value,)
