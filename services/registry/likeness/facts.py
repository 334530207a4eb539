"""How alike dates of birth, places and other facts of two people are."""

from enum import IntEnum
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

from services.registry.likeness.person import Birth

CACHED = 1 << 17
GENERATION = 15
"""Years from which on two of one name may be father and son."""


class DateStep(IntEnum):
    """Two whole dates. NEAR: one slip of the pen, or day and month changed places; two parts, or the year alone, may agree."""

    SAME = 0
    NEAR = 1
    TWO_PARTS = 2
    YEAR_ALONE = 3
    DIFFERENT = 4


class YearStep(IntEnum):
    """Two years. NEAR: next to each other, or one slip of the pen and no generation between them."""

    SAME = 0
    NEAR = 1
    DIFFERENT = 2


class TextStep(IntEnum):
    """Two texts."""

    SAME = 0
    NEAR = 1
    DIFFERENT = 2


@lru_cache(CACHED)
def compare_dates(one: Birth, other: Birth) -> DateStep:
    """Return how alike two whole dates are."""
    if one == other:
        return DateStep.SAME
    if one.year == other.year and (one.month, one.day) == (other.day, other.month):
        return DateStep.NEAR
    if OSA.distance(_digits(one), _digits(other), score_cutoff=1) == 1:
        return DateStep.NEAR
    parts = (one.year == other.year) + (one.month == other.month) + (one.day == other.day)
    if parts == 2:
        return DateStep.TWO_PARTS
    return DateStep.YEAR_ALONE if one.year == other.year else DateStep.DIFFERENT


def _digits(birth: Birth) -> str:
    return f"{birth.year:04d}{birth.month:02d}{birth.day:02d}"


@lru_cache(CACHED)
def compare_years(one: int, other: int) -> YearStep:
    """Return how alike two years are."""
    if one == other:
        return YearStep.SAME
    if abs(one - other) >= GENERATION:
        return YearStep.DIFFERENT
    slip = abs(one - other) == 1 or OSA.distance(str(one), str(other), score_cutoff=1) == 1
    return YearStep.NEAR if slip else YearStep.DIFFERENT


def compare_texts(one: str, other: str) -> TextStep:
    """Return how alike two folded texts are: a town, an occupation."""
    return TextStep.SAME if one == other else _compare_texts(one, other) if one < other else _compare_texts(other, one)


@lru_cache(CACHED)
def _compare_texts(one: str, other: str) -> TextStep:
    if one.replace(" ", "") == other.replace(" ", ""):
        return TextStep.SAME
    length = max(len(one), len(other))
    distance = OSA.distance(one, other, score_cutoff=2)
    if (distance == 1 and length >= 4) or (distance == 2 and length >= 7):
        return TextStep.NEAR
    if not set(one.split()).isdisjoint(other.split()) and min(len(one), len(other)) >= 4 and fuzz.token_set_ratio(one, other) >= 90:
        return TextStep.NEAR
    return TextStep.NEAR if length >= 6 and JaroWinkler.similarity(one, other) >= 0.92 else TextStep.DIFFERENT


def compare_codes(one: str, other: str) -> TextStep:
    """Return how alike two short codes are: one letter or digit may be wrong or two may have changed places."""
    if one == other:
        return TextStep.SAME
    return TextStep.NEAR if len(one) >= 4 and OSA.distance(one, other, score_cutoff=1) == 1 else TextStep.DIFFERENT


def compare_addresses(one: str, other: str) -> TextStep:
    """Return how alike two folded addresses are: words in any order; another house number is at most near."""
    if one == other:
        return TextStep.SAME
    alike = max(fuzz.token_sort_ratio(one, other), fuzz.ratio(one, other))
    if alike >= 94 and _numbers(one) == _numbers(other):
        return TextStep.SAME
    return TextStep.NEAR if alike >= 72 else TextStep.DIFFERENT


def _numbers(text: str) -> set[str]:
    return {word for word in text.split() if any(character.isdigit() for character in word)}
