"""A member's record in words for staff, who read about somebody else. No I/O."""

from collections.abc import Iterable
from typing import NamedTuple

from services.registry import selfservice_words
from services.registry.model import Consent, Contact, Member
from services.registry.selfservice_words import CHANNELS, INTERESTS, said
from shared.web.language import Language, mark, translate

STATUSES = {"registered": mark("Registered only"), "confirmed": mark("Confirmed member")}
LABELS = {
    "given_name": mark("Given name"),
    "family_name": mark("Family name"),
    "country": mark("Country"),
    "province": mark("Province"),
    "city": mark("Town"),
    "home_district": mark("Home district"),
    "occupation": mark("Occupation"),
    "birth_year": mark("Year of birth"),
    "gender": mark("Gender"),
    "diaspora_type": mark("Kind of life abroad"),
    "language": mark("Language"),
    "needs": mark("Needs news about"),
    "interests": mark("Wants to hear about"),
    "contributions": mark("Does for Lesotho"),
    "contribution_note": mark("About what they do for Lesotho"),
    "channels": mark("Ways chosen"),
    "partner_code": mark("Came by the code"),
    "way": mark("Registered through"),
    "registered_at": mark("Date registered"),
    "confirmed_at": mark("Date confirmed"),
}
"""What a page for staff calls each field, in the order of the person's page."""
WAYS = {
    "web": mark("the web page"),
    "api": mark("a partner's system"),
    "bot": mark("a chat"),
    "ussd": mark("the phone menu"),
    "import": mark("a sheet"),
    "staff": mark("staff"),
    "demo": mark("made-up data"),
    "link": mark("their own link"),
    "call": mark("a call"),
    "visit": mark("a visit"),
    "paper": mark("paper"),
    "retention": mark("clearing up, since nothing reached them any more"),
    "merge": mark("merging two records"),
    "undo": mark("undoing a merge"),
}
"""By what somebody registered or answered."""
PURPOSES = {
    "registration": mark("Registration"),
    "information": mark("Information"),
    "sharing": mark("Sharing with the mission of the area"),
}
FILTERS = {
    "q": mark("Name, address or number"),
    "country": mark("Country"),
    "province": mark("Province"),
    "status": mark("Status"),
    "language": mark("Language"),
    "interest": mark("Wants to hear about"),
    "contribution": mark("Does for Lesotho"),
    "channel": mark("Way chosen"),
    "partner": mark("Came by the code"),
    "since": mark("Registered since"),
}
"""What the list's page calls each filter."""
KNOWN = ("country", "province", "registered_at")
"""What a mission sees beside name, contacts and status."""


def label(field: str, language: Language) -> str:
    """Return what a page calls a field."""
    return translate(language, LABELS[field])


def spoken(field: str, value: object, language: Language) -> str:
    """Return a field's value in words for staff; empty for none."""
    if field == "way":
        return translate(language, WAYS.get(str(value), str(value)))
    if field == "channels" and isinstance(value, list | tuple):
        return ", ".join(translate(language, CHANNELS[each]) for each in value if each in CHANNELS)
    return said(field, value, language)


def filter_said(name: str, value: str, language: Language) -> str:
    """Return a filter's value in words."""
    if name in ("country", "province", "language"):
        return said(name, value, language)
    known = {"status": STATUSES, "interest": INTERESTS, "contribution": INTERESTS, "channel": CHANNELS}.get(name, {}).get(value)
    return translate(language, known) if known else value


def facts_of(member: Member, language: Language, *, known_only: bool) -> list[tuple[str, str]]:
    """Return every field that is filled in, with its name; to a mission, what it may see."""
    fields = KNOWN if known_only else tuple(LABELS)[2:]
    found = ((label(field, language), spoken(field, getattr(member, field), language)) for field in fields)
    return [(name, value) for name, value in found if value]


class ContactRow(NamedTuple):
    """One way to reach somebody.

    Attributes:
        marks: what there is to know about it, each with `good`, `bad` or nothing.
        by_call: where its number can still be confirmed by a call.
    """

    id: str
    kind: str
    value: str
    marks: list[tuple[str, str]]
    by_call: bool


def contact_rows(contacts: Iterable[Contact], language: Language) -> list[ContactRow]:
    """Return somebody's contacts as a page shows them."""
    return [_contact(contact, language) for contact in contacts]


def _contact(contact: Contact, language: Language) -> ContactRow:
    marks: list[tuple[str, str]] = []
    if contact.confirmed_at:
        marks.append((translate(language, mark("confirmed on %(day)s"), day=contact.confirmed_at.date().isoformat()), "good"))
    else:
        marks.append((translate(language, mark("not confirmed yet")), ""))
    if contact.uncertain:
        marks.append((translate(language, mark("two countries have such a number: ask which it is")), "bad"))
    if contact.shared:
        marks.append((translate(language, mark("used by somebody else, too")), ""))
    if contact.undeliverable_at:
        day = contact.undeliverable_at.date().isoformat()
        marks.append((translate(language, mark("nothing reaches it since %(day)s"), day=day), "bad"))
    kind = translate(language, selfservice_words.CONTACTS[contact.kind])
    return ContactRow(str(contact.id), kind, contact.value, marks, contact.kind in ("phone", "whatsapp") and not contact.confirmed_at)


class ConsentRow(NamedTuple):
    """One answer to one question about consent, with its proof."""

    purpose: str
    given: bool
    in_force: bool
    at: str
    way: str
    wording: str
    staff: str
    said: str
    scan: str
    place: int
    hash: str


def consent_rows(consents: Iterable[Consent], language: Language) -> list[ConsentRow]:
    """Return all that somebody answered, the newest first; of several answers to one question the last is in force."""
    rows: list[ConsentRow] = []
    answered: set[object] = set()
    for consent in sorted(consents, key=lambda consent: consent.sequence, reverse=True):
        rows.append(_consent(consent, language, last=consent.question not in answered))
        answered.add(consent.question)
    return rows


def purpose_of(consent: Consent, language: Language) -> str:
    """Return what was agreed to or withdrawn, in words."""
    channel = f" ({translate(language, CHANNELS[consent.channel])})" if consent.channel else ""
    return translate(language, PURPOSES[consent.purpose]) + channel


def _consent(consent: Consent, language: Language, *, last: bool) -> ConsentRow:
    wording = (consent.wording_version, selfservice_words.LANGUAGES.get(consent.language or ""))
    return ConsentRow(
        purpose=purpose_of(consent, language),
        given=consent.given,
        in_force=consent.given and last,
        at=consent.at.strftime("%Y-%m-%d %H:%M"),
        way=translate(language, WAYS.get(consent.way, consent.way)),
        wording=", ".join(part for part in wording if part),
        staff=", ".join(part for part in (consent.staff, consent.office) if part),
        said=" · ".join(part for part in (consent.spoken, consent.outcome, consent.basis) if part),
        scan=consent.scan or "",
        place=consent.sequence,
        hash=consent.hash.hex(),
    )
