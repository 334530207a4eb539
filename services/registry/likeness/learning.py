"""What a population's own records teach: how often one person's records differ, and how many pairs there are.

Expectation and maximisation over pairs that have a key in common, from shares to begin with that count as `OWN_PAIRS` pairs
and `OWN_PEOPLE` people: a small or clean population changes little. Nobody says which pairs are one person's.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from services.registry.likeness.comparing import Seen
from services.registry.likeness.evidence import LIKELY_FROM, PARTNERS, SEEN_IN_ONE_PERSON, Comparison, Other, Weights
from services.registry.likeness.explaining import SAME, chances
from services.registry.likeness.population import Population

ROUNDS = 6
OWN_PAIRS = 100.0
OWN_PEOPLE = 100.0
RIGHT = 0.99
STRICTEST = 0.97
"""Where names are all there is, even this may not be right so often; asking for more would offer nothing."""
FEW = 20
"""Likely pairs of which nothing is said on the whole."""
MOST_DIFFERENT, MOST_OTHER_NAMES = 2.5, 0.1
LEAST = 0.001
"""No outcome is held for impossible in one person's records."""


def learn(pairs: Sequence[list[Seen]], population: Population, *, each_stands_for: float = 1.0) -> Weights:
    """Return what to believe of this population's records, but not yet from which chance on a pair is likely.

    Args:
        pairs: what is seen in pairs that have a key in common, all or an even sample of them.
        each_stands_for: how many such pairs each stands for.
    """
    weights = population.weights
    for _ in range(ROUNDS):
        found: dict[Comparison, list[float]] = defaultdict(list)
        for comparison, row in SEEN_IN_ONE_PERSON.items():
            found[comparison] = [share * OWN_PAIRS for share in row]
        partners = {SAME: OWN_PEOPLE * PARTNERS[SAME], Other.RELATIVE: OWN_PEOPLE * PARTNERS[Other.RELATIVE]}
        for seen in pairs:
            fit = chances(seen, weights, population.size)
            whole = sum(fit.values())
            for name in partners:
                partners[name] += 2 * each_stands_for * fit[name] / whole
            same = each_stands_for * fit[SAME] / whole
            if same > 0.001:
                for outcome in seen:
                    found[outcome.comparison][outcome.step] += same * outcome.force
        found[Comparison.GIVEN], found[Comparison.FAMILY] = _names(found[Comparison.GIVEN], found[Comparison.FAMILY])
        each = {name: number / (OWN_PEOPLE + population.people) for name, number in partners.items()}
        families = max(1.0, each[Other.RELATIVE] / PARTNERS[Other.RELATIVE])
        weights = Weights(
            {comparison: _shares(row, SEEN_IN_ONE_PERSON[comparison]) for comparison, row in found.items()},
            {**each, Other.TWIN: PARTNERS[Other.TWIN] * families, Other.NAMESAKE: PARTNERS[Other.NAMESAKE] * families},
        )
    return weights


def _names(given: list[float], family: list[float]) -> tuple[list[float], list[float]]:
    """Return the rows of both names: a slip of the pen strikes either alike, so they are learnt together.

    Learnt apart, a twin's other given name would pass for a slip. A family name changes with marriage too, a given name does not.
    """
    both = [sum(pair) for pair in zip(given, family, strict=True)]
    return [*both[:-1], min(both[-1], 2 * given[-1])], both


def _shares(row: Sequence[float], beforehand: Sequence[float]) -> tuple[float, ...]:
    """Return a row as shares; how far its last outcome, the different, may be from what was believed beforehand is bounded.

    Where doubles are few and families many, brothers and sisters would else be learnt to be one person under many names.
    """
    whole = sum(row)
    shares = [max(number / whole, LEAST) for number in row]
    shares[-1] = min(shares[-1], max(MOST_DIFFERENT * beforehand[-1], MOST_OTHER_NAMES))
    return tuple(share / sum(shares) for share in shares)


def likely_from(chances_of_one: Iterable[float]) -> float:
    """Return the chance from which on all pairs together are right as often as is asked of what is offered (`RIGHT`)."""
    offered = sorted((chance for chance in chances_of_one if chance >= LIKELY_FROM), reverse=True)
    if len(offered) < FEW:
        return LIKELY_FROM
    hoped, found = 0.0, STRICTEST
    for number, chance in enumerate(offered, start=1):
        hoped += chance
        if hoped / number < RIGHT:
            break
        found = chance
    return min(found, STRICTEST)
