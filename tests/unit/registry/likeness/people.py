"""A town of made-up people, and one family in it."""

from dataclasses import replace
from typing import Any

from bench.households import people, with_doubles
from services.registry.likeness import Birth, Judgement, Person, Population, judge

TOWN = Population.of(record.person for record in people(3_000, seed=8))
"""Three thousand made-up people: who is common and who is rare."""
PALESA = Person("Palesa", "Sekhonyana", Birth(1985), "female", "ZA-GP", "Germiston", home_district="LS-D", occupation="nurse")
DOUBLED = with_doubles(people(1_500, seed=11), 0.2, seed=12)


def like(person: Person = PALESA, **changed: Any) -> Person:
    """Return a second record that differs in this."""
    return replace(person, **changed)


def judged(one: Person, other: Person) -> Judgement:
    return judge(one, other, TOWN)


def slugs(judgement: Judgement) -> set[str]:
    return {reason.slug for reason in judgement.reasons}
