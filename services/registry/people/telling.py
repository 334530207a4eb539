"""Forms in which staff write down what a person told them, and the choices that these offer. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from services.registry.calling.confirming import Read
from services.registry.model import REACHED_BY, Member
from services.registry.model.consents import StaffWay
from services.registry.people.words import PURPOSES
from services.registry.recording import Answer
from services.registry.selfservice_words import CHANNELS, GENDERS, INTERESTS, LANGUAGES, NEEDS, TYPES, options
from shared import consent, facts
from shared.errors import FieldError, Invalid
from shared.web.forms import Form
from shared.web.language import Language, mark, translate
from shared.web.pages import Filled
from shared.web.wording import field_errors

Said = TypeVar("Said", Answer, Read)
ON_PAGE = {"/purpose": "/what", "/channel": "/what", "/given": "/answer"}
"""Where an answer's field stands on the page."""
UNSAID = {
    "/what": mark("Say what it is about."),
    "/answer": mark("Say what they answered."),
    "/way": mark("Say how they told us."),
}

ASKED: Mapping[StaffWay | Literal["message"], str] = {
    "call": mark("In a call"),
    "visit": mark("They came"),
    "paper": mark("On paper, signed"),
    "message": mark("By a message"),
}
"""How somebody asked to be erased."""


def ways_of_asking(language: Language) -> list[tuple[str, str]]:
    """Return how somebody can have asked to be erased."""
    return [(way, translate(language, said)) for way, said in ASKED.items()]


def choices(language: Language, *, origin: str) -> dict[str, Any]:
    """Return what the form for corrections offers."""
    return {
        "countries": [("", [(code, name) for code, name in facts.countries(language) if code != origin])],
        "provinces": [("", [(area.code, area.name(language)) for area in facts.areas() if area.kind == "province"])],
        "districts": [("", [(district.code, district.name(language)) for district in facts.districts()])],
        "types": [("", options(TYPES, language))],
        "languages": [("", list(LANGUAGES.items()))],
        "genders": options(GENDERS, language),
        "interests": options(INTERESTS, language),
        "needs": options(NEEDS, language),
    }


def questions(member: Member, language: Language) -> list[tuple[str, str]]:
    """Return what somebody can be asked for: information by each way that reaches them or that they agreed to, then the rest."""
    kinds = {contact.kind for contact in member.contacts}
    ways = [channel for channel, kind in REACHED_BY.items() if kind in kinds or channel in member.information]
    said = PURPOSES["information"]
    information = translate(language, said)
    found = [(f"information:{channel}", f"{information} ({translate(language, CHANNELS[channel])})") for channel in ways]
    return [*found, *((purpose, translate(language, PURPOSES[purpose])) for purpose in ("sharing", "registration"))]


def wording_choices(member: Member, form: Filled) -> dict[str, Any]:
    """Return the wordings that can be read out, and the text of the one that is chosen."""
    versions = list(reversed(consent.versions()))
    version = form.value("wording_version")
    version = version if version in versions else versions[0]
    language = form.value("language", member.language)
    language = language if language in LANGUAGES else "en"
    return {
        "versions": versions,
        "wording_version": version,
        "wording_language": language,
        "languages": list(LANGUAGES.items()),
        "consent_text": consent.text(version, language),
        "wording_lang": {"en": "en", "st": "st-LS"}[language],
    }


def answer(typed: Form, language: Language) -> Answer:
    """Return what somebody said, as a form has it.

    Raises:
        Invalid: fields are missing or wrong.
    """
    unsaid = [FieldError(pointer, translate(language, what)) for pointer, what in UNSAID.items() if not typed.value(pointer[1:])]
    if unsaid:
        raise Invalid(errors=unsaid)
    purpose, _, channel = typed.value("what").partition(":")
    given = {"given": True, "withdrawn": False}.get(typed.value("answer"))
    said = {"purpose": purpose or None, "channel": channel or None, "given": given, **_texts(typed, "way", "spoken", "scan", "outcome")}
    if given:
        said |= _texts(typed, "wording_version", "language")
    return _valid(Answer, {**said, "version": typed.number("version")}, language)


def read_out(typed: Form, language: Language) -> Read:
    """Return what was read out in a call.

    Raises:
        Invalid: fields are wrong.
    """
    return _valid(Read, {**_texts(typed, "wording_version", "language", "outcome"), "version": typed.number("version")}, language)


def _texts(typed: Form, *names: str) -> dict[str, str | None]:
    return {name: typed.value(name) or None for name in names}


def _valid(model: type[Said], said: dict[str, Any], language: Language) -> Said:
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise Invalid(errors=field_errors([dict(each) for each in error.errors()], language)) from None


def on_page(errors: Sequence[FieldError]) -> list[FieldError]:
    """Return an answer's errors with the fields that the page has."""
    return [FieldError(ON_PAGE.get(error.pointer, error.pointer), error.detail) for error in errors]
