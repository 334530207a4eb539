"""What is seen when two people are laid side by side, and how likely chance alone would show it."""

from collections.abc import Iterator
from typing import NamedTuple

from services.registry.likeness import facts
from services.registry.likeness.evidence import Comparison
from services.registry.likeness.facts import TextStep, YearStep
from services.registry.likeness.names import Step, Words, shared_words
from services.registry.likeness.population import SLIPPED, Population
from services.registry.likeness.traits import Traits

HALF = 0.5
MOST_KEPT = 300_000
"""Pairs of names whose likeness is kept, about 100 MB."""


class Seen(NamedTuple):
    """The outcome of one comparison.

    Attributes:
        step: the place in the comparison's row of `SEEN_IN_ONE_PERSON`.
        chance: the share of strangers with whom the same would be seen.
        force: 1, or less where another outcome has said part of it (a city says its province).
    """

    comparison: Comparison
    step: int
    chance: float
    force: float = 1.0


def compare(one: Traits, other: Traits, population: Population) -> list[Seen]:
    """Return what is seen; what either does not tell is left out."""
    return [
        *_names(one, other, population),
        *_births(one, other, population),
        *_gender(one, other),
        *_places(one, other, population),
        *_texts(one, other, population),
        *_contacts(one, other, population),
    ]


def _names(one: Traits, other: Traits, population: Population) -> list[Seen]:
    """Return the names as they stand, or given name and family name exchanged if that fits better."""
    straight = _name(Comparison.GIVEN, one.given, other.given, population) + _name(Comparison.FAMILY, one.family, other.family, population)
    steps = [seen.step for seen in straight]
    if Step.SAME in steps or (len(steps) == 2 and max(steps) < Step.INITIAL):
        return [Seen(Comparison.ORDER, 0, 1.0), *straight]
    crossed = _crossed(one, other, population)
    if not crossed or (not straight and len(crossed) < 2):
        return [Seen(Comparison.ORDER, 0, 1.0), *straight] if straight else []
    if min(seen.step for seen in crossed) >= Step.FAR_KNOWN:
        return [Seen(Comparison.ORDER, 0, 1.0), *straight]
    rows = population.weights.one_person
    by_order = rows[Comparison.ORDER]
    kept = by_order[0] * _odds(straight, population)
    if by_order[1] * _odds(crossed, population) > kept:
        return [Seen(Comparison.ORDER, 1, 1.0), *crossed]
    return [Seen(Comparison.ORDER, 0, 1.0), *straight]


def _crossed(one: Traits, other: Traits, population: Population) -> list[Seen]:
    """Return each given name beside the other's family name; which of the two stands first does not depend on who is asked first."""
    found = _name(Comparison.GIVEN, one.given, other.family, population) + _name(Comparison.GIVEN, other.given, one.family, population)
    found.sort(key=lambda seen: (seen.step, seen.chance))
    return [seen._replace(comparison=comparison) for seen, comparison in zip(found, (Comparison.GIVEN, Comparison.FAMILY), strict=False)]


def _odds(seen: list[Seen], population: Population) -> float:
    odds = 1.0
    for each in seen:
        odds *= population.weights.one_person[each.comparison][each.step] / each.chance
    return odds


def _name(comparison: Comparison, one: Words, other: Words, population: Population) -> list[Seen]:
    """Return how alike two names are, found once for each pair of names: among many people the same pairs come again and again."""
    if not one or not other:
        return []
    key = (comparison, one, other) if one <= other else (comparison, other, one)
    known = population.compared.get(key)
    if known is None:
        if len(population.compared) > MOST_KEPT:
            population.compared.clear()
        step = population.step(one, other)
        known = population.compared[key] = (step, _chance_of_name(comparison, step, one, other, population))
    return [Seen(comparison, *known)]


def _chance_of_name(comparison: Comparison, step: Step, one: Words, other: Words, population: Population) -> float:
    by_chance = population.by_chance[comparison][step]
    if step is Step.SAME:
        return min(population.share_of_name(one), population.share_of_name(other))
    if step is Step.VARIANT:
        return max(by_chance, population.share_of_name(one), population.share_of_name(other))
    if step is Step.PART:
        shared = shared_words(one, other)
        return max(by_chance, population.share_of_name(tuple(shared)) if shared else 0.0)
    if step in (Step.NEAR, Step.FAR):
        return max(by_chance, SLIPPED * max(population.share_of_name(one), population.share_of_name(other)))
    return by_chance


def _births(one: Traits, other: Traits, population: Population) -> Iterator[Seen]:
    if one.whole_birth and other.whole_birth:
        date_step = facts.compare_dates(one.whole_birth, other.whole_birth)
        yield Seen(Comparison.BIRTH_DATE, date_step, population.chance_of_dates(one.whole_birth, other.whole_birth, date_step))
    elif one.birth_year is not None and other.birth_year is not None:
        year_step = facts.compare_years(one.birth_year, other.birth_year)
        chance = population.by_chance[Comparison.BIRTH_YEAR][year_step]
        if year_step is YearStep.SAME:
            chance = population.share(Comparison.BIRTH_YEAR, str(one.birth_year))
        yield Seen(Comparison.BIRTH_YEAR, year_step, chance)


def _gender(one: Traits, other: Traits) -> Iterator[Seen]:
    if one.gender and other.gender:
        yield Seen(Comparison.GENDER, int(one.gender != other.gender), HALF)


def _text(comparison: Comparison, step: TextStep, value: str, population: Population, force: float = 1.0) -> Seen:
    chance = population.share(comparison, value) if step is TextStep.SAME else population.by_chance[comparison][step]
    return Seen(comparison, step, chance, force)


def _places(one: Traits, other: Traits, population: Population) -> Iterator[Seen]:
    """Yield from the narrowest to the widest: a wider place adds little where the narrower one agreed."""
    agreed = False
    if one.address and other.address:
        step = facts.compare_addresses(one.address, other.address)
        yield _text(Comparison.ADDRESS, step, one.address, population)
        agreed = step is not TextStep.DIFFERENT
    if one.city and other.city:
        step = facts.compare_texts(one.city, other.city)
        yield _text(Comparison.CITY, step, one.city, population, HALF if agreed else 1.0)
        agreed = agreed or step is not TextStep.DIFFERENT
    if one.postcode and other.postcode:
        step = facts.compare_codes(one.postcode, other.postcode)
        yield _text(Comparison.POSTCODE, step, one.postcode, population, HALF if agreed else 1.0)
        agreed = agreed or step is not TextStep.DIFFERENT
    if one.area and other.area:
        step = facts.compare_codes(one.area, other.area)
        if not agreed or step is not TextStep.SAME:
            yield _text(Comparison.AREA, step, one.area, population, HALF if agreed else 1.0)


def _texts(one: Traits, other: Traits, population: Population) -> Iterator[Seen]:
    if one.home_district and other.home_district:
        step = facts.compare_texts(one.home_district, other.home_district)
        yield _text(Comparison.DISTRICT, step, one.home_district, population)
    if one.occupation and other.occupation:
        step = facts.compare_texts(one.occupation, other.occupation)
        yield _text(Comparison.OCCUPATION, step, one.occupation, population)


def _contacts(one: Traits, other: Traits, population: Population) -> Iterator[Seen]:
    pairs = ((Comparison.PHONE, one.phones, other.phones), (Comparison.EMAIL, one.emails, other.emails))
    for comparison, here, there in pairs:
        if here and there:
            step = int(set(here).isdisjoint(there))
            yield Seen(comparison, step, population.by_chance[comparison][step])
