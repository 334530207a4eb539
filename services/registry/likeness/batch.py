"""All likely pairs of a file."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from services.registry.likeness.blocking import LARGEST_BLOCK, blocking_keys
from services.registry.likeness.comparing import compare
from services.registry.likeness.explaining import odds_to_strangers
from services.registry.likeness.judging import Judgement, score_of, weigh
from services.registry.likeness.learning import learn, likely_from
from services.registry.likeness.person import Person
from services.registry.likeness.population import Population
from services.registry.likeness.traits import Traits, traits_of

PAIRS_EACH = 20
"""Comparisons that a record may cost on average; where keys are common the largest blocks are left out until it holds."""
SMALLEST_LIMIT = 20
LEARNT_FROM = 30_000
"""Pairs that are learnt from; more teach nothing new."""
HOPELESS = 2**-10
"""Odds of one person to strangers below which no lesson of a file makes a pair likely."""

Pair = tuple[int, int]


class Scored(NamedTuple):
    """Two records by their places in the file, the earlier first, and what is thought of them."""

    one: int
    other: int
    judgement: Judgement


def pairs(people: Iterable[Person | Traits], population: Population | None = None, *, least: float | None = None) -> Iterator[Scored]:
    """Yield the likely pairs, and with `least` all that are one person's with at least this chance.

    Args:
        population: what they are judged by; without, what the file itself teaches.
    """
    read = [traits_of(person) for person in people]
    candidates: Iterable[Pair] = candidate_pairs(blocks(read))
    if population is None:
        candidates, population = taught(read, candidates)
    asked = population.weights.likely_from if least is None else least
    for one, other in candidates:
        seen = compare(read[one], read[other], population)
        odds = odds_to_strangers(seen, population.weights, population.size)
        if odds / (1 + odds) >= asked and score_of(seen, population) >= asked:
            yield Scored(one, other, weigh(seen, population))


def taught(people: Sequence[Traits], candidates: Iterable[Pair]) -> tuple[list[Pair], Population]:
    """Return the candidates that have hope, and the population with what they teach."""
    population = Population.of(people)
    hopeful = []
    for one, other in candidates:
        seen = compare(people[one], people[other], population)
        if odds_to_strangers(seen, population.weights, population.size) > HOPELESS:
            hopeful.append((one, other))
    step = len(hopeful) // LEARNT_FROM + 1
    sample = [compare(people[one], people[other], population) for one, other in hopeful[::step]]
    weights = learn(sample, population, each_stands_for=step)
    population = population.with_weights(weights)
    chances = (score_of(compare(people[one], people[other], population), population) for one, other in hopeful)
    return hopeful, population.with_weights(replace(weights, likely_from=likely_from(chances)))


def blocks(people: Iterable[Traits]) -> list[list[int]]:
    """Return the records with a key in common, the smallest blocks first, without those that are too large."""
    holders: dict[int, list[int]] = defaultdict(list)
    number = 0
    for number, person in enumerate(people, start=1):
        for key in blocking_keys(person):
            holders[key].append(number - 1)
    found = sorted((block for block in holders.values() if 1 < len(block) <= LARGEST_BLOCK), key=lambda block: (len(block), block))
    left = PAIRS_EACH * number
    for place, block in enumerate(found):
        left -= len(block) * (len(block) - 1) // 2
        if left < 0 and len(block) > SMALLEST_LIMIT:
            return found[:place]
    return found


def candidate_pairs(blocks: Iterable[Sequence[int]]) -> Iterator[Pair]:
    """Yield each pair that is in a block once, in the first block that holds both."""
    places: dict[int, set[int]] = defaultdict(set)
    for place, block in enumerate(blocks):
        for pair in combinations(block, 2):
            if places[pair[0]].isdisjoint(places[pair[1]]):
                yield pair
        for number in block:
            places[number].add(place)
