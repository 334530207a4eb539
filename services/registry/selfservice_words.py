"""A member's record in words, for the page on which they see it. No I/O."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from services.registry.corrections import Correction
from services.registry.model import Consent, Member
from shared import facts
from shared.web.language import Language, mark, translate

INTERESTS = {
    "investment": mark("Investing"),
    "trade": mark("Trade"),
    "education": mark("Education"),
    "culture": mark("Culture"),
    "social": mark("Social work"),
    "health": mark("Health"),
}
NEEDS = {
    "documents": mark("Passports, identity cards and permits"),
    "work": mark("Work and rights at work"),
    "remittances": mark("Sending money home"),
    "social_security": mark("Pensions and compensation"),
    "health": mark("Health"),
    "return": mark("Going back home"),
    "study": mark("Studies and scholarships"),
    "legal": mark("Legal help"),
}
CHANNELS = {
    "email": mark("E-mail"),
    "whatsapp": mark("WhatsApp"),
    "telegram": mark("Telegram"),
    "sms": mark("SMS"),
    "call": mark("A phone call"),
}
CONTACTS = {
    "email": mark("E-mail address"),
    "phone": mark("Phone number"),
    "whatsapp": mark("WhatsApp number"),
    "telegram": mark("Telegram account"),
}
GENDERS = {"female": mark("Woman"), "male": mark("Man"), "other": mark("Other")}
TYPES = {
    "mine_worker": mark("Mine worker"),
    "domestic_worker": mark("Domestic worker"),
    "farm_worker": mark("Farm worker"),
    "factory_worker": mark("Factory worker"),
    "student": mark("Student"),
    "professional": mark("Professional"),
    "business": mark("Business person"),
    "retired": mark("Retired"),
    "other": mark("Something else"),
}
LANGUAGES = {"en": "English", "st": "Sesotho"}
WAYS = {
    "web": mark("on our web page"),
    "api": mark("through a partner's system"),
    "bot": mark("in a chat"),
    "ussd": mark("by phone menu"),
    "import": mark("on a list"),
    "staff": mark("through our staff"),
    "demo": mark("as made-up data"),
    "link": mark("by your link"),
    "call": mark("in a call"),
    "paper": mark("on paper"),
    "visit": mark("when we met"),
    "retention": mark("since nothing reached you any more"),
    "merge": mark("when your two records became one"),
    "undo": mark("when your record was taken apart again"),
}
PURPOSES = {
    "registration": mark("That we keep your registration"),
    "information": mark("That we send you news"),
    "sharing": mark("That the mission of your area sees your name, contacts and area"),
}
ROLES = {
    "admin": mark("administrator"),
    "consultant": mark("consultant"),
    "officer": mark("officer"),
    "forum": mark("forum team"),
    "mission": mark("mission"),
    "viewer": mark("viewer"),
}
LABELS = {
    "given_name": mark("Given name"),
    "family_name": mark("Family name"),
    "country": mark("Country"),
    "province": mark("Province"),
    "city": mark("Town"),
    "home_district": mark("Home district in Lesotho"),
    "occupation": mark("Occupation"),
    "birth_year": mark("Year of birth"),
    "gender": mark("Gender"),
    "diaspora_type": mark("What you do abroad"),
    "language": mark("Language"),
    "needs": mark("What you need news about"),
    "interests": mark("What you want to hear about"),
    "contributions": mark("What you do for Lesotho"),
    "contribution_note": mark("About what you do for Lesotho"),
    "partner_code": mark("Code by which you came"),
    "way": mark("How you registered"),
    "registered_at": mark("Registered on"),
    "confirmed_at": mark("Confirmed on"),
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "gender": GENDERS,
    "diaspora_type": TYPES,
    "language": LANGUAGES,
    "needs": NEEDS,
    "interests": INTERESTS,
    "contributions": INTERESTS,
    "way": WAYS,
}
CORRECTED = tuple(Correction.model_fields)


class Said(NamedTuple):
    """One consent that is in force."""

    purpose: str
    channel: str
    day: str
    wording: str
    way: str
    office: str
    receipt: str


def said(field: str, value: Any, language: Language) -> str:
    """Return a field's value in words; empty for none."""
    if value is None or value in ("", [], ()):
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(_word(field, each, language) for each in value)
    if hasattr(value, "isoformat"):
        return str(value.date().isoformat())
    return _word(field, str(value), language)


def _word(field: str, value: str, language: Language) -> str:
    if field == "country":
        return dict(facts.countries(language)).get(value, value)
    if field == "province":
        return next((area.name(language) for area in facts.areas() if area.code == value), value)
    if field == "home_district":
        return next((district.name(language) for district in facts.districts() if district.code == value), value)
    known = WORDS.get(field, {}).get(value)
    return translate(language, known) if known else value


def record(member: Member, language: Language) -> list[tuple[str, str]]:
    """Return every field that is filled in, with its name."""
    found = ((translate(language, label), said(field, getattr(member, field), language)) for field, label in LABELS.items())
    return [(label, value) for label, value in found if value]


def in_force(consents: Iterable[Consent], language: Language) -> list[Said]:
    """Return what a member agrees to now, of all that they ever answered: the last answer to each question counts."""
    last: dict[tuple[str, str | None], Consent] = {}
    for consent in consents:
        last[consent.purpose, consent.channel] = consent
    return [
        Said(
            translate(language, PURPOSES[consent.purpose]),
            translate(language, CHANNELS[consent.channel]) if consent.channel else "",
            consent.at.date().isoformat(),
            consent.wording_version or "",
            translate(language, WAYS.get(consent.way, consent.way)),
            consent.office or "",
            consent.receipt,
        )
        for consent in last.values()
        if consent.given
    ]


def options(words: Mapping[str, str], language: Language) -> list[tuple[str, str]]:
    """Return the choices of a field with their words."""
    return [(value, translate(language, text)) for value, text in words.items()]


def differences(member: Member, typed: Correction, language: Language) -> list[tuple[str, str, str]]:
    """Return what is different between the record as it is now and what was typed: the field's name, now, and typed."""
    wanted = typed.columns()
    return [
        (translate(language, LABELS[field]), said(field, getattr(member, field), language), said(field, wanted[field], language))
        for field in CORRECTED
        if getattr(member, field) != wanted[field]
    ]
