"""What speaks for one person and against it, in the words of people; see `likeness.reasons` for what is weighed."""

from typing import NamedTuple

from services.registry.likeness import SLUGS
from services.registry.likeness.reasons import ANY_TWO
from shared.web.language import Language, mark, translate

STRONG, WEAK = 6.0, 2.0
"""Bits: 64 times as likely, and 4 times."""

WORDS = {
    "same_name": mark("The whole name is the same"),
    "names_swapped": mark("Given name and family name have changed places"),
    "same_given_name": mark("The given name is the same"),
    "variant_given_name": mark("The given name is another form of the same: a nickname or another spelling"),
    "part_of_given_name": mark("One given name is a part of the other"),
    "similar_given_name": mark("The given names differ by a slip"),
    "somewhat_similar_given_name": mark("The given names are somewhat alike"),
    "initial_of_given_name": mark("One given name begins with the other's initial"),
    "different_given_name": mark("The given names differ"),
    "same_family_name": mark("The family name is the same"),
    "variant_family_name": mark("The family name is another spelling of the same"),
    "part_of_family_name": mark("One family name is a part of the other"),
    "similar_family_name": mark("The family names differ by a slip"),
    "somewhat_similar_family_name": mark("The family names are somewhat alike"),
    "initial_of_family_name": mark("One family name begins with the other's initial"),
    "different_family_name": mark("The family names differ"),
    "same_birth_date": mark("The day of birth is the same"),
    "similar_birth_date": mark("The days of birth differ by a slip"),
    "partly_same_birth_date": mark("The days of birth agree in part"),
    "same_year_of_birth_date": mark("The year of birth is the same, the day is not"),
    "different_birth_date": mark("The days of birth differ"),
    "same_birth_year": mark("The year of birth is the same"),
    "similar_birth_year": mark("The years of birth are next to each other, or differ by a slip"),
    "different_birth_year": mark("The years of birth differ"),
    "same_gender": mark("The gender is the same"),
    "different_gender": mark("The gender differs"),
    "same_address": mark("The address is the same"),
    "similar_address": mark("The addresses are alike"),
    "different_address": mark("The addresses differ"),
    "same_postcode": mark("The postcode is the same"),
    "similar_postcode": mark("The postcodes are alike"),
    "different_postcode": mark("The postcodes differ"),
    "same_city": mark("They live in the same town"),
    "similar_city": mark("The names of their towns are alike"),
    "different_city": mark("They live in different towns"),
    "same_area": mark("They live in the same area"),
    "similar_area": mark("Their areas are alike"),
    "different_area": mark("They live in different areas"),
    "same_home_district": mark("They come from the same district"),
    "similar_home_district": mark("Their home districts are alike"),
    "different_home_district": mark("They come from different districts"),
    "same_occupation": mark("They do the same work"),
    "similar_occupation": mark("Their work is alike"),
    "different_occupation": mark("They do different work"),
    "same_phone": mark("They have a phone number in common"),
    "different_phone": mark("They have no phone number in common"),
    "same_email": mark("They have an e-mail address in common"),
    "different_email": mark("They have no e-mail address in common"),
    "any_two_people": mark("Any two people are hardly ever one"),
    "shared_by_relatives": mark("Relatives have this in common, too"),
    "shared_by_twins": mark("Twins have this in common, too"),
    "shared_by_namesakes": mark("Namesakes in one family have this in common, too"),
}
assert set(WORDS) == set(SLUGS), "every reason has its words"
WEIGHTS = {
    (True, 2): mark("speaks strongly for one person"),
    (True, 1): mark("speaks for one person"),
    (True, 0): mark("speaks a little for one person"),
    (False, 2): mark("speaks strongly for two people"),
    (False, 1): mark("speaks for two people"),
    (False, 0): mark("speaks a little for two people"),
}


class Shown(NamedTuple):
    """One reason in words.

    Attributes:
        weight: in bits: 1 makes it twice as likely that it is one person, -1 half as likely.
        speaks: how strongly it speaks, and for what.
    """

    slug: str
    weight: float
    text: str
    speaks: str


def shown(kept: list[list[object]], language: Language) -> list[Shown]:
    """Return the reasons of a pair in words, the weightiest first; what is true of any two people stays out."""
    found = []
    for slug, weight in kept:
        if isinstance(slug, str) and isinstance(weight, int | float) and slug != ANY_TWO and slug in WORDS:
            strength = (abs(weight) >= STRONG) + (abs(weight) >= WEAK)
            speaks = translate(language, WEIGHTS[weight > 0, strength])
            found.append(Shown(slug, float(weight), translate(language, WORDS[slug]), speaks))
    return found
