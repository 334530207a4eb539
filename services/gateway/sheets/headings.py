"""Which column is which field: the fields' own names, and what people call them in English and Sesotho."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from services.gateway.sheets import MOST_COLUMNS

# fmt: off
FIELDS = (
    "given_name", "family_name", "email", "phone", "whatsapp", "phone_region", "country", "province", "city", "home_district",
    "birth_year", "gender", "occupation", "diaspora_type", "needs", "language", "interests", "contributions", "contribution_note",
    "channels", "consent_registration", "consent_information", "consent_sharing", "consent_text_version", "partner_code",
)
"""What a column may be: the registration's fields, and nothing that the registry itself decides."""

SYNONYMS = {
    "given_name": (
        "first name", "forename", "given names", "first names", "christian name", "name", "names",
        "lebitso", "mabitso", "lebitso la pele", "lebitso la hau",
    ),
    "family_name": ("surname", "last name", "family", "fane", "sefane", "lifane", "fane ea hau", "lebitso la lelapa"),
    "email": (
        "e-mail address", "mail", "electronic mail", "imeile", "imeili", "aterese ea imeile", "aterese ea e-mail",
    ),
    "phone": (
        "cell", "mobile", "cellphone", "mobile phone", "telephone", "tel", "tel no", "phone no", "phone number",
        "cell no", "cell number", "mobile no", "mobile number", "cellphone number", "telephone number", "contact number",
        "contact no", "msisdn", "mohala", "nomoro ea mohala", "linomoro tsa mohala", "selefouno", "cellphone no", "founo",
        "nomoro ea selefouno", "thelefouno", "nomoro ea founo", "nomoro ea thelefouno",
    ),
    "whatsapp": ("whatsapp number", "whatsapp no", "nomoro ea whatsapp"),
    "country": (
        "country of residence", "residence country", "host country", "country code",
        "naha", "naha ea bolulo", "naha eo u lulang ho eona", "naha eo a lulang ho eona",
    ),
    "province": ("province code", "profinse", "provense", "profense", "porofinse", "porofense"),
    "city": (
        "town", "city or town", "town or city", "city town",
        "toropo", "motse", "toropo motse", "motse toropo", "motse kapa toropo", "toropo kapa motse",
    ),
    "home_district": ("district", "district of origin", "district in lesotho", "setereke", "setereke sa habo", "setereke sa heno"),
    "birth_year": ("year of birth", "yob", "born", "born in", "selemo sa tsoalo", "selemo sa tlhaho", "selemo sa ho hlaha"),
    "gender": ("sex", "boleng"),
    "occupation": ("job", "work", "profession", "mosebetsi"),
    "diaspora_type": ("type", "category", "kind of work", "mofuta oa mosebetsi"),
    "needs": ("needs help with", "help needed", "litlhoko", "thuso"),
    "language": ("preferred language", "puo", "puo eo a e ratang"),
    "interests": ("interested in", "lithahasello", "thahasello"),
    "contributions": ("contribution", "contributes to", "menehelo", "monehelo"),
    "contribution_note": ("contribution notes", "about contributions"),
    "channels": ("channel", "reach by", "how to reach", "litsela", "tsela"),
    "consent_registration": (
        "consent", "consents", "agrees", "agreed", "agrees to registration", "consent to registration", "consent to register",
        "tumello", "tumello ea ngoliso", "o lumetse", "oa lumela",
    ),
    "consent_information": ("consent to information", "agrees to information", "wants news", "tumello ea litaba"),
    "consent_sharing": ("consent to sharing", "agrees to sharing", "tumello ea ho arolelana"),
    "consent_text_version": ("consent version", "wording", "wording version", "consent wording", "version of consent"),
    "partner_code": ("partner", "association", "association code", "mokhatlo", "khoutu ea mokhatlo"),
}
"""In small letters; signs and marks do not matter. A field's own name goes before what people call it."""
# fmt: on
CONTACTS = ("email", "phone")
STATED = ("country", "province", "language", "partner_code", "consent_text_version")
"""Fields that may be said once for a whole sheet: they then stand in its empty cells."""
LOOKED_AT = 10
"""Rows among which the headings are: some sheets have a title above them."""


def fold(text: str) -> str:
    """Return a heading's letters and digits, in small letters and without marks."""
    bare = unicodedata.normalize("NFKD", text[:200])
    return "".join(sign for sign in bare.casefold() if sign.isalnum())


_OWN = {fold(field): field for field in FIELDS}
_CALLED = {fold(word): field for field, words in SYNONYMS.items() for word in words}


class Guess(NamedTuple):
    """What the headings seem to mean.

    Attributes:
        fields: one a column; empty where it means nothing to us, or where two claim one field.
        twice: the headings among which somebody must choose, by field.
    """

    fields: list[str]
    twice: dict[str, list[str]]


def known(headings: Sequence[str]) -> int:
    """Return how many different fields these headings seem to name."""
    folded = [fold(heading) for heading in headings[:MOST_COLUMNS]]
    return len({_OWN.get(each) or _CALLED.get(each) for each in folded} - {None})


def guess(headings: Sequence[str]) -> Guess:
    """Return what the headings seem to mean; of several that claim one field, its own name wins, else nobody does."""
    folded = [fold(heading) for heading in headings]
    fields, twice = [""] * len(folded), dict[str, list[str]]()
    for field in FIELDS:
        claims = [place for place, each in enumerate(folded) if _OWN.get(each) == field]
        claims = claims or [place for place, each in enumerate(folded) if _CALLED.get(each) == field]
        if len(claims) == 1:
            fields[claims[0]] = field
        elif claims:
            twice[field] = [headings[place] for place in claims]
    return Guess(fields, twice)


def row_of_headings(first: Sequence[Sequence[str]]) -> int:
    """Return the place of the headings among the first rows: where most fields are named; the first, if none is anywhere."""
    counts = [known(cells) for cells in first[:LOOKED_AT]]
    return counts.index(max(counts)) if counts else 0


def missing(fields: Sequence[str], stated: Sequence[str], basis: str) -> list[str]:
    """Return what a sheet must still say: fields (`email` for any contact), and `consent_basis` where nothing speaks of consent."""
    has = {*fields, *stated}
    wanted = ["given_name", "family_name", *(["email"] if has.isdisjoint(CONTACTS) else []), "country", "consent_text_version"]
    lacking = [field for field in wanted if field not in has]
    if "consent_registration" not in has and not basis:
        lacking.append("consent_basis")
    return lacking
