"""Words of names as they are compared: folded, in Latin letters, in one orthography, and by their sound."""

import re
from functools import lru_cache

from anyascii import anyascii

from services.registry.matching import fold

CACHED = 1 << 17
TITLE_WORDS = "mr mrs ms miss dr prof rev fr sr ntate mme me adv hon"
TITLES = frozenset(TITLE_WORDS.split())
"""Left out at the beginning of a name that goes on after it."""
ORTHOGRAPHIES = (("tsh", "ts"), ("tjh", "ch"), ("kg", "kh"), ("di", "li"), ("du", "lu"), ("w", "o"), ("y", "e"), ("mm", "m"), ("nn", "n"))
"""South Africa's spelling of Sesotho and Lesotho's, which one name has in two countries' papers."""
SOUNDS = (
    (re.compile("ph|v"), "f"),
    (re.compile("x"), "ks"),
    (re.compile("tsch|tch|sch|sh|ch|ts|tz|z|c(?=[eiy])"), "s"),
    (re.compile("gh|hl"), lambda found: "l" if found[0] == "hl" else ""),
    (re.compile("[cqgj]|kh"), "k"),
    (re.compile("d"), "t"),
)


@lru_cache(CACHED)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a name, folded; other scripts in Latin letters, a title left out."""
    folded = fold(text)
    found = (folded if folded.isascii() else fold(anyascii(folded))).split()
    return tuple(found[1:] if len(found) > 1 and found[0] in TITLES else found)


@lru_cache(CACHED)
def spelled(word: str) -> str:
    """Return a folded word in one orthography: Tshepo and Tšepo, Mokwena and Mokoena are one."""
    for theirs, ours in ORTHOGRAPHIES:
        word = word.replace(theirs, ours)
    return word


@lru_cache(CACHED)
def sound(word: str) -> str:
    """Return the consonants one hears, and `a` for a vowel at the beginning; doubled letters once."""
    heard = word
    for pattern, letter in SOUNDS:
        heard = pattern.sub(letter, heard)
    first, rest = heard[:1], heard[1:]
    heard = ("a" if first and first in "aeiouyw" else first) + re.sub("[aeiouywh]", "", rest)
    return re.sub(r"(.)\1+", r"\1", heard)
