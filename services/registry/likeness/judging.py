"""Are two records one person's? The chance that it is so, and what speaks for it and against."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.registry.likeness.comparing import Seen, compare
from services.registry.likeness.evidence import Other
from services.registry.likeness.explaining import SAME, chances
from services.registry.likeness.person import Person
from services.registry.likeness.population import Population
from services.registry.likeness.reasons import Reason, reasons
from services.registry.likeness.traits import Traits, traits_of


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether two records are one person's.

    Attributes:
        score: the chance that they are, 0 to 1.
        likely: they are to be offered as likely.
        other: who the two would be if not one person.
        reasons: what speaks for it and against it, see `reasons`.
    """

    score: float
    likely: bool
    other: Other
    reasons: tuple[Reason, ...]


def judge(one: Person | Traits, other: Person | Traits, population: Population) -> Judgement:
    """Return whether two records are likely one person's. The order of the two does not matter."""
    return weigh(compare(traits_of(one), traits_of(other), population), population)


def weigh(seen: list[Seen], population: Population) -> Judgement:
    """Return what follows from what was seen."""
    fit = chances(seen, population.weights, population.size)
    score = _score(fit)
    other = Other(max((name for name in fit if name != SAME), key=lambda name: fit[name]))
    return Judgement(score, score >= population.weights.likely_from, other, reasons(seen, population, fit))


def score_of(seen: Iterable[Seen], population: Population) -> float:
    """Return the chance that it is one person."""
    return _score(chances(seen, population.weights, population.size))


def _score(fit: Mapping[str, float]) -> float:
    return fit[SAME] / sum(fit.values())
