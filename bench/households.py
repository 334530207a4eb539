"""Made-up Basotho abroad as households, and second records of some of them with the slips that people make. No I/O.

Nobody in it is anybody. A household shares a family name, a town and a phone; it has twins, and sons called like their fathers.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate

from ops.people import CITIES, WORK
from services.registry.likeness.evidence import Comparison
from services.registry.likeness.names import nicknames
from services.registry.likeness.person import Birth, Person
from services.registry.likeness.population import SHIPPED
from shared import facts


def _words(text: str) -> list[str]:
    return text.split()


RARER_NAMES = 4_000
"""Names beside the shipped ones, made of syllables; each as common as its place in the list says (Zipf)."""
RARER_SHARE = {Comparison.FAMILY: 0.45, Comparison.GIVEN: 0.25}
ONSETS = _words("b f h j k kh l m mph n nk nt p ph r s t th ts tl tlh ng hl q sh")
VOWELS = _words("a a a e e i o o u oa oe ea")
TWINS, NAMESAKES, IN_ONE_HOUSE = 0.015, 0.03, 0.55
OLDEST, YOUNGEST = 1942, 2007
WORDS_OF_WORK = tuple(word for words in WORK.values() for word in words)
GENERATION = 18
BETWEEN_RELATIVES = (-30, -25, -8, -5, -3, -2, 2, 3, 4, 6, 9, 24, 28)
"""Years between two who live in one house."""
EMAIL_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Record:
    """One record, and the number of the person whose it is."""

    person: Person
    identity: int


@cache
def _names(field: Comparison) -> tuple[list[str], list[float]]:
    """Return names with running sums of their shares."""
    chance = random.Random(f"names {field}")
    shipped = SHIPPED[field]
    rarer: dict[str, float] = {}
    while len(rarer) < RARER_NAMES:
        name = "".join(chance.choice(ONSETS) + chance.choice(VOWELS) for _ in range(chance.choice((2, 3, 3, 4))))
        name = name if field is Comparison.GIVEN else chance.choice(("ra", "mo", "le", "se", "", "")) + name
        rarer.setdefault(name, 1 / (len(rarer) + 20))
    known, others = sum(shipped.values()), sum(rarer.values())
    share = RARER_SHARE[field]
    names = {name: number / known * (1 - share) for name, number in shipped.items()}
    for name, number in rarer.items():
        names[name] = names.get(name, 0.0) + number / others * share
    return list(names), list(accumulate(names.values()))


@cache
def _towns() -> tuple[list[tuple[str, str]], list[float]]:
    """Return area and town with running sums of shares: as the areas' planning targets, the first town of an area twice the second."""
    towns, shares = [], []
    for area in facts.areas():
        for place, town in enumerate(CITIES[area.code]):
            towns.append((area.code, town))
            shares.append(area.planning_target / (place + 1))
    return towns, list(accumulate(shares))


def people(count: int, *, seed: int, contacts: bool = False) -> list[Record]:
    """Return one record of each of so many people, household by household."""
    chance = random.Random(seed)
    found: list[Record] = []
    while len(found) < count:
        found += _household(chance, len(found), contacts=contacts)
    return found[:count]


def _household(chance: random.Random, first: int, *, contacts: bool) -> list[Record]:
    family = _drawn(chance, Comparison.FAMILY)
    towns, shares = _towns()
    area, town = chance.choices(towns, cum_weights=shares)[0]
    phone = f"+26650{first:07d}"
    head = Person(
        given_name=_drawn(chance, Comparison.GIVEN),
        family_name=family,
        birth=Birth(chance.randint(OLDEST, YOUNGEST)),
        gender=chance.choice(("female", "male")),
        area=area,
        city=town,
        home_district=chance.choice(facts.districts()).code,
        occupation=chance.choice(WORDS_OF_WORK),
        phones=(phone,) if contacts else (),
    )
    household = [head]
    while chance.random() < IN_ONE_HOUSE and len(household) < 5:
        household.append(_relative(chance, household))
    named = []
    for number, person in enumerate(household):
        with_mail = contacts and chance.random() < EMAIL_SHARE
        mail = (f"{person.given_name}.{first + number}@example.org".lower(),) if with_mail else ()
        named.append(Record(replace(person, emails=mail), first + number))
    return named


def _relative(chance: random.Random, household: Sequence[Person]) -> Person:
    """Return a twin, a child called like the first, or anybody else of the house."""
    other, head = chance.choice(household), household[0]
    year = other.birth.year if other.birth and other.birth.year else OLDEST
    given, drawn = _drawn(chance, Comparison.GIVEN), chance.random()
    if drawn < TWINS:
        birth, family = year, head.family_name
    elif drawn < TWINS + NAMESAKES and year + GENERATION <= YOUNGEST:
        given, birth, family = other.given_name, min(year + chance.randint(GENERATION, 32), YOUNGEST), head.family_name
    else:
        apart = [years for years in BETWEEN_RELATIVES if OLDEST <= year + years <= YOUNGEST]
        birth = year + chance.choice(apart)
        family = head.family_name if chance.random() < 0.85 else _drawn(chance, Comparison.FAMILY)
    return replace(
        head, given_name=given, family_name=family, birth=Birth(birth), gender=chance.choice(("female", "male")),
        occupation=chance.choice(WORDS_OF_WORK),
    )  # fmt: skip


def _drawn(chance: random.Random, field: Comparison) -> str:
    names, shares = _names(field)
    return chance.choices(names, cum_weights=shares)[0].title()


def with_doubles(records: Sequence[Record], share: float, *, seed: int, slips: Sequence[str] = (), most: int = 2) -> list[Record]:
    """Return the records and second ones of a share of the people, each with one to `most` slips, in a mixed order."""
    chance = random.Random(seed)
    kinds = tuple(slips or SLIPS)
    doubles = []
    for record in chance.sample(list(records), int(len(records) * share)):
        person = record.person
        for kind in chance.sample(kinds, min(len(kinds), chance.randint(1, most))):
            person = SLIPS[kind](person, chance)
        doubles.append(Record(person, record.identity))
    mixed = [*records, *doubles]
    chance.shuffle(mixed)
    return mixed


def _mistyped(word: str, chance: random.Random) -> str:
    """Return a word with one letter left out, added, changed, doubled, or two that changed places."""
    if len(word) < 3:
        return word
    at, letter = chance.randrange(1, len(word)), chance.choice("abcdefghijklmnopqrstuvwxyz")
    return chance.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :],
        )
    )


def _nickname(person: Person, chance: random.Random) -> Person:
    others = sorted(nicknames(person.given_name.lower()))
    return replace(person, given_name=chance.choice(others).title() if others else person.given_name[: max(3, len(person.given_name) // 2)])


def _other_spelling(person: Person, chance: random.Random) -> Person:
    del chance  # Each name has one spelling across the border.
    theirs = (("ts", "tsh"), ("kh", "kg"), ("li", "di"), ("oa", "wa"), ("oe", "we"), ("ea", "ya"), ("ph", "f"))
    given, family = person.given_name.lower(), person.family_name.lower()
    for ours, other in theirs:
        given, family = given.replace(ours, other), family.replace(ours, other)
    return replace(person, given_name=given.title(), family_name=family.title())


def _wrong_year(person: Person, chance: random.Random) -> Person:
    year = str(person.birth.year) if person.birth else "1980"
    wrong = chance.choice((year[:2] + year[3] + year[2], year[:3] + chance.choice("0123456789"), str(int(year) + chance.choice((-1, 1)))))
    return replace(person, birth=Birth(int(wrong)))


def _moved(person: Person, chance: random.Random) -> Person:
    towns, shares = _towns()
    area, town = chance.choices(towns, cum_weights=shares)[0]
    return replace(person, area=area, city=town)


def _second_name(person: Person, chance: random.Random) -> Person:
    return replace(person, given_name=f"{person.given_name} {_drawn(chance, Comparison.GIVEN)}")


def _married(person: Person, chance: random.Random) -> Person:
    added = _drawn(chance, Comparison.FAMILY)
    return replace(person, family_name=f"{person.family_name}-{added}" if chance.random() < 0.7 else added)


SLIPS: dict[str, Callable[[Person, random.Random], Person]] = {
    "given name mistyped": lambda person, chance: replace(person, given_name=_mistyped(person.given_name.lower(), chance).title()),
    "family name mistyped": lambda person, chance: replace(person, family_name=_mistyped(person.family_name.lower(), chance).title()),
    "names exchanged": lambda person, _: replace(person, given_name=person.family_name, family_name=person.given_name),
    "nickname": _nickname,
    "South African spelling": _other_spelling,
    "wrong year": _wrong_year,
    "no year": lambda person, _: replace(person, birth=None),
    "moved": _moved,
    "town mistyped": lambda person, chance: replace(person, city=_mistyped(person.city.lower(), chance).title()),
    "no town": lambda person, _: replace(person, city="", area=""),
    "second name": _second_name,
    "married": _married,
    "initial": lambda person, _: replace(person, given_name=person.given_name[:1] + "."),
    "other occupation": lambda person, chance: replace(person, occupation=chance.choice(WORDS_OF_WORK)),
    "only names, year and town": lambda person, _: replace(person, gender="", home_district="", occupation=""),
}
"""What happens between two records of one person."""
