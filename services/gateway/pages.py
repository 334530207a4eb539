"""The public pages: why to register, the form, the wordings of the consent, and what each kind of problem means."""

import secrets
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from services.gateway import bodies, form
from services.gateway.form import phones
from services.gateway.form.texts import PARTNER_MOST
from services.gateway.intake import Intake
from shared import clock, codes, consent, facts
from shared.errors import Conflict, FieldError, Invalid, NotFound, Refusal, TooMany, Unavailable, UnsupportedType
from shared.web.language import Language, language_of, mark, translate
from shared.web.pages import Filled, Pages
from shared.web.problems import KINDS

router = APIRouter()

FORM_TYPE = "application/x-www-form-urlencoded"
FIELDS_MOST = 200
"""More than the form has boxes; a flood of fields is refused unread."""
KEY_BYTES = 16
_NOT_NOW = mark("We could not save it just now, and nothing is lost: please press the button at the end once more.")
_SENT_BEFORE = mark("This very form was sent before, with something else in it. To send anything new, open an empty form.")

INTERESTS = (
    ("investment", mark("Investing")),
    ("trade", mark("Trade")),
    ("education", mark("Education")),
    ("culture", mark("Culture")),
    ("social", mark("Social work")),
    ("health", mark("Health")),
)
NEEDS = (
    ("documents", mark("Passports, identity cards and permits")),
    ("work", mark("Work and rights at work")),
    ("remittances", mark("Sending money home")),
    ("social_security", mark("Pensions and compensation")),
    ("health", mark("Health")),
    ("return", mark("Going back home")),
    ("study", mark("Studies and scholarships")),
    ("legal", mark("Legal help")),
)
CHANNELS = (("email", mark("E-mail")), ("whatsapp", mark("WhatsApp")), ("sms", mark("SMS")), ("call", mark("A phone call")))
GENDERS = (("female", mark("Woman")), ("male", mark("Man")), ("other", mark("Other")))
TYPES = (
    ("mine_worker", mark("Mine worker")),
    ("domestic_worker", mark("Domestic worker")),
    ("farm_worker", mark("Farm worker")),
    ("factory_worker", mark("Factory worker")),
    ("student", mark("Student")),
    ("professional", mark("Professional")),
    ("business", mark("Business person")),
    ("retired", mark("Retired")),
    ("other", mark("Something else")),
)
_MORE = frozenset({"birth_year", "gender", "home_district", "diaspora_type", "occupation", "contributions", "contribution_note"})
"""Fields in the part of the form that opens by itself when something is in it."""


@router.get("/", include_in_schema=False)
async def explain(request: Request) -> HTMLResponse:
    """Say who asks, why, who sees it, what is never asked, and how to leave."""
    return _pages(request).render(request, "home.html", partner=_partner(request))


@router.get("/register", include_in_schema=False)
async def show_form(request: Request) -> HTMLResponse:
    """Show the empty form; `?partner=CODE` is a mission's or association's own link to it."""
    return form_page(request, Filled({"partner_code": [_partner(request)]}), key=secrets.token_urlsafe(KEY_BYTES))


@router.post("/register", include_in_schema=False)
async def take_form(request: Request) -> Response:
    """Take a filled form: 202 and a page that says the same to everybody, or the form again with what is wrong and all that was typed."""
    if bodies.content_type(request) != FORM_TYPE:
        raise UnsupportedType
    raw = await bodies.read(request)
    values = values_of(raw)
    language, origin = language_of(request), request.app.state.settings.country_of_origin
    key = (values.get("idempotency_key") or [""])[0] or secrets.token_urlsafe(KEY_BYTES)
    try:
        filled = form.from_page(values, language, origin=origin)
    except Invalid as wrong:
        return form_page(request, Filled(values, wrong.errors), key=key, readings=readings_of(values, language, origin), status=422)
    submission = form.submission(filled, submission_id=clock.new_id(), submitted_at=clock.now(), way="web")
    intake: Intake = request.app.state.intake
    try:
        identifier = await intake.accept(submission, key, intake.fingerprint(raw), scope="/register")
    except (Unavailable, TooMany) as later:
        return _again(request, Filled(values, [FieldError("", translate(language, _NOT_NOW))]), later, key)
    except Conflict:
        raise Conflict(translate(language, _SENT_BEFORE)) from None
    return _pages(request).render(
        request,
        "received.html",
        status=202,
        email=submission.email,
        phone=phones.shown(submission.phone) if submission.phone else None,
        whatsapp=phones.shown(submission.whatsapp) if submission.whatsapp else None,
        # Everybody gets both: they say nothing of whether the person, or the number, was known before.
        code=codes.spelled(codes.codes_of(request.app.state.settings.link_keys, identifier)[0]),
        receipt=codes.registration_receipt(identifier),
    )


@router.get("/api/v1/consent-texts", tags=["intake"])
async def list_consent_texts() -> dict[str, list[dict[str, str]] | None]:
    """List every wording of the consent, newest version first: `version`, `language`, `text`."""
    return {"items": consent.texts(), "next": None}


@router.get("/problems/{slug}", include_in_schema=False)
async def explain_problem(request: Request, slug: str) -> HTMLResponse:
    """Say what a kind of problem means."""
    kind = KINDS.get(slug)
    if kind is None:
        raise NotFound
    language = language_of(request)
    return _pages(request).render(
        request,
        "kind.html",
        kind_title=translate(language, kind.title),
        kind_detail=translate(language, kind.detail),
        status_code=kind.status,
    )


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def _partner(request: Request) -> str:
    """Return the code a person came by; none that the form would refuse, since nobody could correct it there."""
    code = request.query_params.get("partner", "").strip()
    return code if len(code) <= PARTNER_MOST and code.isprintable() else ""


def values_of(raw: bytes) -> dict[str, list[str]]:
    """Return a form's values by name; of bytes that are no UTF-8, the mark that stands for them."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MOST)
    except ValueError:
        raise Invalid from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def readings_of(values: dict[str, list[str]], language: Language, origin: str) -> list[tuple[str, str]]:
    """Return the readings to choose from, as (region, number with its country), where the typed phone has more than one."""
    typed, country = ((values.get(name) or [""])[0] for name in ("phone", "country"))
    regions = [region for region in (country, origin) if region in facts.country_codes()]
    found = phones.readings(typed, regions) if typed else []
    names = dict(facts.countries(language))
    return [(reading.region, f"{reading.shown} ({names[reading.region]})") for reading in found] if len(found) > 1 else []


def _named(choices: tuple[tuple[str, str], ...], language: Language) -> list[tuple[str, str]]:
    return [(value, translate(language, text)) for value, text in choices]


def _again(request: Request, filled: Filled, later: Refusal, key: str) -> HTMLResponse:
    page = form_page(request, filled, key=key, status=later.status)
    page.headers["retry-after"] = str(later.retry_after_seconds or 1)
    return page


def form_page(
    request: Request,
    filled: Filled,
    *,
    key: str,
    readings: list[tuple[str, str]] | None = None,
    status: int = 200,
    by_staff: bool = False,
) -> HTMLResponse:
    """Return the form of a registration as it was filled in, for the person or for staff who fill it in for them."""
    language, origin = language_of(request), request.app.state.settings.country_of_origin
    version = consent.versions()[-1]
    context: dict[str, Any] = {
        "countries": _countries(language, origin),
        "provinces": [("", [(area.code, area.name(language)) for area in facts.areas() if area.kind == "province"])],
        "districts": [("", [(district.code, district.name(language)) for district in facts.districts()])],
        "types": [("", _named(TYPES, language))],
        "interests": _named(INTERESTS, language),
        "needs": _named(NEEDS, language),
        "channels": _named(CHANNELS, language),
        "genders": _named(GENDERS, language),
        "more_open": any(filled.value(name) or filled.error(name) for name in _MORE),
    }
    return _pages(request).render(
        request,
        "register_person.html" if by_staff else "register.html",
        status=status,
        frame="staff.html" if by_staff else "base.html",
        form=filled,
        key=key,
        readings=readings or [],
        version=version,
        consent_text=consent.text(version, language),
        **context,
    )


def _countries(language: Language, origin: str) -> list[tuple[str, list[tuple[str, str]]]]:
    names = dict(facts.countries(language))
    first = [code for code in ("ZA", *(area.code for area in facts.areas() if area.kind == "country")) if code != origin]
    return [
        (translate(language, mark("Many Basotho live here")), [(code, names[code]) for code in first]),
        (translate(language, mark("All other countries")), [(code, name) for code, name in names.items() if code not in (*first, origin)]),
    ]
