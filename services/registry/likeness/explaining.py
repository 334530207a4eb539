"""Who two like records can belong to: one person, strangers, relatives of one household, twins, or namesakes in one family.

Each outcome of a comparison is held against all of them. A shared phone is what relatives have too, and so says little for one person.
"""

from collections.abc import Iterable

from services.registry.likeness.comparing import Seen
from services.registry.likeness.evidence import SHARED_WITH, TWINS_RHYME, Comparison, Other, Weights
from services.registry.likeness.names import Step

SAME = "same"


def ratio_of(seen: Seen, weights: Weights) -> float:
    """Return how much likelier an outcome is with one person than with strangers."""
    ratio = weights.one_person[seen.comparison][seen.step] / seen.chance
    return ratio if seen.force == 1.0 else float(ratio**seen.force)


def factor(other: Other, seen: Seen, ratio: float) -> float:
    """Return how much likelier an outcome is with this explanation than with strangers."""
    if other is Other.STRANGER:
        return 1.0
    if seen.comparison is Comparison.ORDER:
        return ratio
    if other is Other.TWIN and seen.comparison is Comparison.GIVEN and seen.step in (Step.NEAR_KNOWN, Step.FAR_KNOWN):
        return TWINS_RHYME
    shared = SHARED_WITH[other].get(seen.comparison, 0.0)
    return shared * ratio + 1.0 - shared


def odds_to_strangers(seen: Iterable[Seen], weights: Weights, size: int) -> float:
    """Return how much better one person fits than strangers: never less than beside all explanations, and soon told."""
    odds = weights.partners[SAME] / size
    for each in seen:
        odds *= ratio_of(each, weights)
    return odds


def chances(seen: Iterable[Seen], weights: Weights, size: int) -> dict[str, float]:
    """Return how well each explanation fits, beside strangers: what is believed beforehand times what is seen."""
    fit = {SAME: weights.partners[SAME] / size, Other.STRANGER: 1.0}
    others = (Other.RELATIVE, Other.TWIN, Other.NAMESAKE)
    for other in others:
        fit[other] = weights.partners[other] / size
    for each in seen:
        ratio = ratio_of(each, weights)
        fit[SAME] *= ratio
        for other in others:
            fit[other] *= factor(other, each, ratio)
    return fit
