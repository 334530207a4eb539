"""What speaks for and against, as slugs with weights: pages say them in words."""

from collections.abc import Mapping, Sequence
from math import log2
from typing import NamedTuple

from services.registry.likeness.comparing import Seen
from services.registry.likeness.evidence import Comparison, Other
from services.registry.likeness.explaining import SAME, ratio_of
from services.registry.likeness.population import Population

NAME = ("same", "variant", "part_of", "similar", "similar", "somewhat_similar", "somewhat_similar", "initial_of", "different")
TEXT = ("same", "similar", "different")
SAME_OR_NOT = ("same", "different")
WORDS: dict[Comparison, tuple[str, ...]] = {
    Comparison.GIVEN: NAME,
    Comparison.FAMILY: NAME,
    Comparison.BIRTH_DATE: ("same", "similar", "partly_same", "same_year_of", "different"),
    Comparison.BIRTH_YEAR: TEXT,
    Comparison.GENDER: SAME_OR_NOT,
    Comparison.ADDRESS: TEXT,
    Comparison.POSTCODE: TEXT,
    Comparison.CITY: TEXT,
    Comparison.AREA: TEXT,
    Comparison.DISTRICT: TEXT,
    Comparison.OCCUPATION: TEXT,
    Comparison.PHONE: SAME_OR_NOT,
    Comparison.EMAIL: SAME_OR_NOT,
}
SHARED_BY = {Other.RELATIVE: "shared_by_relatives", Other.TWIN: "shared_by_twins", Other.NAMESAKE: "shared_by_namesakes"}
"""What is taken off again, since others than strangers have it in common too; a pair has one of them at most."""
ANY_TWO = "any_two_people"
"""What is believed of any two people before looking."""
SLUGS = (
    *sorted({f"{word}_{comparison}" for comparison, row in WORDS.items() for word in row}),
    "same_name",
    "names_swapped",
    ANY_TWO,
    *SHARED_BY.values(),
)
"""Every slug there is."""
LIGHTEST = 0.05
"""Bits below which an explanation by others is not worth a word."""


class Reason(NamedTuple):
    """One thing that speaks for one person (weight above 0) or against (below), in bits: 1 makes it twice as likely, -1 half."""

    slug: str
    weight: float


def reasons(seen: Sequence[Seen], population: Population, fit: Mapping[str, float]) -> tuple[Reason, ...]:
    """Return all reasons, the weightiest first. Together they are the score in bits: log2 of its odds.

    Args:
        fit: how well each explanation fits, as `explaining.chances` says.
    """
    weighed = {each.comparison: (each.step, log2(ratio_of(each, population.weights))) for each in seen}
    found: list[Reason] = []
    swapped, order = weighed.pop(Comparison.ORDER, (0, 0.0))
    names = [weighed.get(Comparison.GIVEN), weighed.get(Comparison.FAMILY)]
    if all(name and name[0] == 0 for name in names):
        both = order + sum(weighed.pop(each)[1] for each in (Comparison.GIVEN, Comparison.FAMILY))
        found.append(Reason("names_swapped" if swapped else "same_name", both))
    elif swapped:
        found.append(Reason("names_swapped", order))
    found += [Reason(f"{WORDS[comparison][step]}_{comparison}", weight) for comparison, (step, weight) in weighed.items()]
    found.append(Reason(ANY_TWO, log2(population.weights.partners[SAME] / population.size)))
    others = {other: fit[other] for other in SHARED_BY}
    taken_off = -log2(1 + sum(others.values()))
    if taken_off < -LIGHTEST:
        found.append(Reason(SHARED_BY[max(others, key=lambda other: others[other])], taken_off))
    return tuple(sorted(found, key=lambda reason: (-abs(reason.weight), reason.slug)))
