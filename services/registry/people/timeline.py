"""What happened with somebody in words for staff: one line a happening, the newest first. No I/O."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from services.registry.history.happenings import SOURCES, Happening
from services.registry.keeping.changes import FIELDS, MEMBER
from services.registry.people.words import LABELS, PURPOSES, WAYS
from services.registry.selfservice_words import CHANNELS, CONTACTS, ROLES
from shared.web.language import Language, mark, translate

EVENTS = tuple(kind for kind in SOURCES if kind != "read")
MOST_EVENTS = 100
MOST_READS = 50
"""Lines on the page; `/api/v1/members/{id}/history` gives all of them."""
READS = {
    "members_listed": mark("Seen in a list"),
    "members_exported": mark("Taken out in a file"),
    "consents_read": mark("Consents looked at"),
    "calls_listed": mark("Seen in the list of calls"),
    "duplicate_read": mark("Compared with another record"),
}
LOOKED = mark("Looked at")
ACTS = {
    "contact_added": mark("An address or number added, as they asked"),
    "contact_removed": mark("An address or number removed, as they asked"),
    "call_arranged": mark("A call arranged"),
    "follow_up_planned": mark("A follow-up planned"),
    "follow_up_done": mark("A follow-up done"),
    "code_given": mark("A code for their own page given"),
    "duplicate_dismissed": mark("Judged to be somebody else than a likely pair"),
}
WORKED = mark("Worked on")
CALLS = {
    "reached": mark("Rung, and reached"),
    "no_answer": mark("Rung, and nobody answered"),
    "wrong_number": mark("Rung, and the number was somebody else's"),
    "refused": mark("Rung, and did not want to talk"),
    "call_again": mark("Rung, and asked us to ring again"),
    "withdrew": mark("Rung, and withdrew"),
}
THEMSELVES = mark("the person")


class Event(NamedTuple):
    """One line: when (and for machines), what, who did it if that is known, and why."""

    iso: str
    at: str
    what: str
    by: str
    why: str


def events(happened: Iterable[Happening], language: Language) -> list[Event]:
    """Return happenings as lines."""
    return [
        Event(each.at.isoformat(), each.at.strftime("%Y-%m-%d %H:%M"), _what(each, language), _by(each, language), each.why or "")
        for each in happened
    ]


def _by(happened: Happening, language: Language) -> str:
    role = THEMSELVES if happened.role == MEMBER else ROLES.get(happened.role, happened.role)
    return ", ".join(part for part in (translate(language, role) if role else "", happened.office) if part)


def _what(happened: Happening, language: Language) -> str:
    told = _TOLD.get(happened.kind)
    return told(happened, language) if told else translate(language, WORKED)


def _registered(happened: Happening, language: Language) -> str:
    way = translate(language, WAYS.get(happened.what, happened.what))
    if code := happened.detail.get("partner_code"):
        return translate(language, mark("Registered through: %(way)s, with the code %(code)s"), way=way, code=code)
    return translate(language, mark("Registered through: %(way)s"), way=way)


def _consent(happened: Happening, language: Language) -> str:
    channel, way = happened.detail.get("channel"), happened.detail.get("way") or ""
    purpose = translate(language, PURPOSES.get(happened.detail.get("purpose") or "", ""))
    values = {
        "purpose": f"{purpose} ({translate(language, CHANNELS[channel])})" if channel in CHANNELS else purpose,
        "way": translate(language, WAYS.get(way, way)),
    }
    given = happened.what == "given"
    return translate(
        language, mark("Agreed: %(purpose)s, through: %(way)s") if given else mark("Withdrew: %(purpose)s, through: %(way)s"), **values
    )


def _changed(happened: Happening, language: Language) -> str:
    fields = [translate(language, LABELS.get(field) or FIELDS.get(field, field)) for field in happened.detail.get("fields") or ()]
    if not fields:
        return translate(language, mark("Ways to be reached changed"))
    return translate(language, mark("Changed: %(fields)s"), fields=", ".join(fields))


def _of_contact(text: str) -> Callable[[Happening, Language], str]:
    def told(happened: Happening, language: Language) -> str:
        return translate(language, text, contact=translate(language, CONTACTS.get(happened.what, happened.what)))

    return told


def _plain(text: str) -> Callable[[Happening, Language], str]:
    return lambda _, language: translate(language, text)


def _one_of(texts: dict[str, str], otherwise: str) -> Callable[[Happening, Language], str]:
    return lambda happened, language: translate(language, texts.get(happened.what, otherwise))


_TOLD: dict[str, Callable[[Happening, Language], str]] = {
    "registered": _registered,
    "repeated": _plain(mark("Registered once more")),
    "confirmed": _of_contact(mark("Confirmed: %(contact)s")),
    "undeliverable": _of_contact(mark("Nothing reaches: %(contact)s")),
    "consent": _consent,
    "changed": _changed,
    "call": _one_of(CALLS, mark("Rung")),
    "merged": _plain(mark("Joined with another record of this person")),
    "merge_undone": _plain(mark("Parted again from a record of somebody else")),
    "read": _one_of(READS, LOOKED),
    "act": _one_of(ACTS, WORKED),
}
"""Kind of happening → how it is told. A kind that is not here is told as work."""
