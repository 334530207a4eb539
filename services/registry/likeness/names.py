"""How alike two names are: steps from the same to different, each of which somebody can see and say."""

from enum import IntEnum
from importlib import resources

from rapidfuzz.distance import OSA, JaroWinkler

from services.registry.likeness.spelling import sound, spelled

SHORTEST_STEM = 3
"""Letters that a shortened form keeps at least: `Retš` of Retšelisitsoe is read, `Re` could be anybody."""

Words = tuple[str, ...]


class Step(IntEnum):
    """From the same to different. KNOWN: both are names of their own (Thabo, Thato); else the rarer looks like a slip of the pen."""

    SAME = 0
    VARIANT = 1
    PART = 2
    NEAR = 3
    NEAR_KNOWN = 4
    FAR = 5
    FAR_KNOWN = 6
    INITIAL = 7
    DIFFERENT = 8


def _groups() -> dict[str, frozenset[int]]:
    lines = resources.files(__package__).joinpath("nicknames.csv").read_text("utf-8").splitlines()
    found: dict[str, frozenset[int]] = {}
    for number, line in enumerate(line for line in lines if not line.startswith("#")):
        for name in line.split():
            found[name] = found.get(name, frozenset()) | {number}
    return found


GROUPS = _groups()
"""Name → the groups of names it stands for (`nicknames.csv`)."""


def nicknames(name: str) -> set[str]:
    """Return what else a name is called."""
    mine = GROUPS.get(name, frozenset())
    return {other for other, groups in GROUPS.items() if not groups.isdisjoint(mine)} - {name}


def compare(one: Words, other: Words) -> Step:
    """Return how alike two fields of a name are; NEAR and FAR are not yet told from NEAR_KNOWN and FAR_KNOWN. Neither is empty."""
    return _compare(one, other) if one <= other else _compare(other, one)


def _compare(one: Words, other: Words) -> Step:
    whole, beside = "".join(one), "".join(other)
    if whole == beside or (len(one) > 1 and sorted(one) == sorted(other)):
        return Step.SAME
    if spelled(whole) == spelled(beside):
        return Step.NEAR
    if _mother_of(whole, beside):
        return Step.DIFFERENT
    if any(len(word) == 1 for word in (*one, *other)):
        return _with_initials(one, other)
    step = _alike(whole, beside)
    if len(one) == len(other) == 1 or step <= Step.NEAR:
        return step
    if shared_words(one, other):
        return Step.PART
    return min(step, *(_within(_alike(word, match)) for word in one for match in other))


def _with_initials(one: Words, other: Words) -> Step:
    """Return how alike names are of which some words are letters: J. for John says little, and a second letter less than the first name."""
    names, beside = (tuple(word for word in side if len(word) > 1) for side in (one, other))
    if not names or not beside:
        fits = all(word[0] == match[0] for word, match in zip(one, other, strict=False))
        return Step.INITIAL if fits else Step.DIFFERENT
    step = _compare(names, beside)
    letters, others = ({word[0] for word in side} for side in (one, other))
    if step is Step.SAME and (letters <= others or others <= letters):
        return Step.PART if letters != others else Step.SAME
    if letters <= others or others <= letters:
        return step
    return {Step.SAME: Step.PART, Step.NEAR: Step.FAR, Step.VARIANT: Step.FAR}.get(step, Step.DIFFERENT)


def shared_words(one: Words, other: Words) -> list[str]:
    """Return the words that both have, initials left out."""
    return [word for word in one if len(word) > 1 and word in other]


def _within(step: Step) -> Step:
    """Return what a likeness of one word among several says of the whole name: one step less."""
    return {Step.VARIANT: Step.PART, Step.NEAR: Step.FAR}.get(step, Step.DIFFERENT)


def _mother_of(one: str, other: str) -> bool:
    """Tell whether one is called the mother of the other: 'Mathabo is no slip of Thabo."""
    return one in ("ma" + other, "mma" + other) or other in ("ma" + one, "mma" + one)


def _alike(one: str, other: str) -> Step:
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) > 1 and not GROUPS.get(shorter, frozenset()).isdisjoint(GROUPS.get(longer, frozenset())):
        return Step.VARIANT
    distance = OSA.distance(shorter, longer, score_cutoff=4)
    length = len(longer)
    heard = sound(shorter) == sound(longer)
    if (distance == 1 and length >= 4) or (distance == 2 and (length >= 8 or (heard and length >= 5))):
        return Step.NEAR
    if len(shorter) >= SHORTEST_STEM and longer.startswith(shorter):
        return Step.PART
    if distance <= 2 <= length - 3 or (distance == 3 and length >= 8) or (heard and distance <= 3 and len(sound(longer)) > 1):
        return Step.FAR
    if len(shorter) >= 4 and JaroWinkler.similarity(shorter, longer) >= 0.9:
        return Step.FAR
    return Step.DIFFERENT
