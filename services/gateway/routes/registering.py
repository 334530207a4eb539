"""Staff register a person with whom they speak: the same form and the same intake as everybody's, with who heard the person agree."""

import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.gateway import bodies, form, imports, pages
from services.gateway.authentication import identify
from services.gateway.form import phones
from services.gateway.form.rules import RegistrationForm
from services.gateway.intake import Intake
from services.gateway.routes.imports import handed_in_by
from services.gateway.rows import line
from shared import clock
from shared.codes import registration_receipt
from shared.contracts.gateway import ConsentProof
from shared.errors import Conflict, FieldError, Forbidden, Invalid, Unavailable, UnsupportedType
from shared.facts import area_of
from shared.identity import Identity, require
from shared.web.language import Language, language_of, mark, translate
from shared.web.pages import Filled, Pages

router = APIRouter(prefix="/staff/register", include_in_schema=False, dependencies=[Depends(identify)])

Registrar = Annotated[Identity, Depends(require("admin", "consultant", "officer", "mission"))]
SPOKEN_MOST = 300
NOT_SAID = mark("Write what they said when they agreed.")
ELSEWHERE = mark("You register people of your own areas only.")
NOT_NOW = mark("We could not save it just now, and nothing is lost: please press the button at the end once more.")
SENT_BEFORE = mark("This very form was sent before, with something else in it. To send anything new, open an empty form.")


@router.get("")
async def show_form(request: Request, who: Registrar) -> Response:  # The role is checked.
    """Show the empty form."""
    return pages.form_page(request, Filled(), key=secrets.token_urlsafe(pages.KEY_BYTES), by_staff=True)


@router.post("")
async def register_person(request: Request, who: Registrar) -> Response:
    """Take a filled form through intake: 202, or the form again with what is wrong and all that was typed."""
    if bodies.content_type(request) != pages.FORM_TYPE:
        raise UnsupportedType
    raw = await bodies.read(request)
    values = pages.values_of(raw)
    if not who.csrf or not hmac.compare_digest((values.get("csrf") or [""])[0].encode(), who.csrf.encode()):
        raise Forbidden
    language, origin = language_of(request), request.app.state.settings.country_of_origin
    key = (values.get("idempotency_key") or [""])[0] or secrets.token_urlsafe(pages.KEY_BYTES)
    try:
        filled, proof = _read(values, handed_in_by(who), language, origin)
    except Invalid as wrong:
        readings = pages.readings_of(values, language, origin)
        return pages.form_page(request, Filled(values, wrong.errors), key=key, readings=readings, status=422, by_staff=True)
    submission = form.submission(filled, submission_id=clock.new_id(), submitted_at=clock.now(), way="staff", proof=proof)
    intake: Intake = request.app.state.intake
    try:
        # The key is this clerk's: another's form that happens to bear it is another registration.
        identifier = await intake.accept(submission, f"{who.id}:{key}"[:255], intake.fingerprint(raw), scope=router.prefix)
    except Unavailable as later:
        again = Filled(values, [FieldError("", translate(language, NOT_NOW))])
        return pages.form_page(request, again, key=key, status=later.status, by_staff=True)
    except Conflict:
        raise Conflict(translate(language, SENT_BEFORE)) from None
    shown: Pages = request.app.state.pages
    return shown.render(
        request,
        "registered_person.html",
        status=202,
        name=f"{submission.given_name} {submission.family_name}",
        email=submission.email,
        phone=phones.shown(submission.phone) if submission.phone else None,
        receipt=registration_receipt(identifier),
    )


def _read(values: dict[str, list[str]], by: imports.HandedIn, language: Language, origin: str) -> tuple[RegistrationForm, ConsentProof]:
    """Return the registration, and how it is known that the person agreed; all that is wrong is told at once.

    Raises:
        Invalid: a field is missing or wrong, nothing was noted of what was said, or the person lives in another mission's area.
    """
    spoken, wrong = line((values.get("spoken") or [""])[0])[:SPOKEN_MOST], list[FieldError]()
    filled: RegistrationForm | None = None
    try:
        filled = form.from_page(values, language, origin=origin)
    except Invalid as error:
        wrong.extend(error.errors)
    if filled and by.areas and area_of(filled.country, filled.province) not in by.areas:
        wrong.append(FieldError("/country", translate(language, ELSEWHERE)))
    if not spoken:
        wrong.append(FieldError("/spoken", translate(language, NOT_SAID)))
    if wrong or filled is None:
        raise Invalid(errors=wrong)
    way = "visit" if (values.get("said_by") or [""])[0] == "visit" else "call"
    return filled, ConsentProof(basis="spoken", way=way, spoken=spoken, staff=by.name or by.by, office=by.office)
