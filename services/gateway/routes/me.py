"""A member's own door: asking for the link, opening it in one browser, and what is said there once and for all.

The pages behind it are the registry's; what follows from withdrawing and erasing is decided later, so that they work while it is away.
"""

import hmac
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.gateway import bodies, manage
from services.gateway.authentication import refuse_other_sites
from services.gateway.form import phones
from services.gateway.form.texts import Email
from services.gateway.intake import Intake
from services.gateway.proxy import answer_of
from services.gateway.settings import GatewaySettings
from shared import receipts, tokens
from shared.clock import new_id, now
from shared.contracts.base import Message
from shared.contracts.gateway import ConsentWithdrawn, ErasureRequested, ManageLinkRequested, SharingWithdrawn
from shared.database import Database
from shared.errors import Forbidden, Invalid, NotFound
from shared.identity import Identity
from shared.service import Db
from shared.tokens import Link
from shared.web.language import language_of, mark, translate
from shared.web.pages import Filled, Pages
from shared.web.problems import wants_html
from shared.web.wording import field_errors, unfit

router = APIRouter(tags=["self-service"])

OWNER = "registry"
WITHDRAWN = (
    mark("We have heard you"),
    mark("What you withdrew ends now. It can take a minute until your page shows it."),
)
REGIONS = ("ZA", "LS")
"""Where a number that is written without its country may belong."""

_ASKED = {
    "application/json": {
        "schema": {"type": "object", "properties": {"email": {"type": "string"}, "phone": {"type": "string"}}},
    }
}


def _number(typed: str | None) -> str | None:
    if not typed or not typed.strip():
        return None
    found = phones.readings(typed, REGIONS)
    if len(found) != 1:
        raise unfit("Write the number with its country code, like +27 71 000 0123 or +266 5000 0123.")
    return found[0].e164


class Asked(BaseModel):
    """By which contact somebody is known to us, or not."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    email: Email | None = None
    phone: Annotated[str | None, AfterValidator(_number)] = None

    @model_validator(mode="after")
    def _one_is_given(self) -> "Asked":
        if not self.email and not self.phone:
            raise unfit("Give your e-mail address or your phone number.")
        return self


class Withdrawal(BaseModel):
    """What a member takes back: information on one channel or on all, sharing, or both."""

    what: Literal["email", "whatsapp", "telegram", "sms", "call", "information", "sharing", "all"]


@router.post("/api/v1/manage-links", status_code=202, response_model=None, openapi_extra={"requestBody": {"content": _ASKED}})
async def ask_for_link(request: Request) -> Response:
    """Have the link to one's own record sent to a known address; for an unknown one the answer is the same, since nothing is looked up."""
    await _hear(request, _requested(await _read(request)))
    return JSONResponse({"status": "received"}, 202, headers={"cache-control": "no-store"})


@router.get("/me", include_in_schema=False)
async def show_door(request: Request) -> Response:
    """Show the form that asks for the link."""
    return _pages(request).render(request, "me.html", form=Filled())


@router.post("/me", include_in_schema=False)
async def take_door(request: Request) -> Response:
    """Take the form; the page that answers is the same for everybody."""
    fields = await bodies.read_fields(request)
    try:
        asked = _requested(_checked(request, fields))
    except Invalid as wrong:
        typed = {name: [str(value)] for name, value in fields.items()}
        return _pages(request).render(request, "me.html", status=422, form=Filled(typed, wrong.errors))
    await _hear(request, asked)
    return _pages(request).render(request, "me_sent.html", status=202)


@router.api_route("/me/code", methods=["GET", "POST"], include_in_schema=False)
async def show_code_door(request: Request) -> Response:
    """Show the form that takes a code, and hand what is typed there to the registry, which alone can tell whose it is."""
    refuse_other_sites(request)
    return await answer_of(OWNER, request, Identity(language=language_of(request)))


@router.post("/me/{token}", include_in_schema=False)
async def open_me(token: str, request: Request, db: Db) -> Response:
    """Open the link in this browser; in any other it is dead from now on."""
    refuse_other_sites(request)
    link, settings = _link(request, token), _settings(request)
    async with db.transaction() as session:
        secret = await manage.open_link(session, token, link)
    if secret is None and not await _csrf(request, db, token):
        raise NotFound
    answer = RedirectResponse(f"/me/{token}?lang={language_of(request)}", 303, headers={"cache-control": "no-store"})
    if secret:
        seconds = int((link.expires_at - now()).total_seconds())
        https = settings.khokahano_base_url.startswith("https://")
        # Lax: who follows the link in the mail a second time comes from another site.
        answer.set_cookie(manage.COOKIE, secret, max_age=seconds, path=f"/me/{token}", secure=https, httponly=True, samesite="lax")
    return answer


@router.post("/me/{token}/withdraw", status_code=202, response_model=None)
async def withdraw(token: str, request: Request, db: Db) -> Response:
    """Withdraw consent: to information on one channel (`what=email`), on all (`information`), to sharing (`sharing`), or all of it."""
    link, fields = await _said(token, request, db)
    try:
        what = Withdrawal.model_validate(fields).what
    except ValidationError as error:
        raise Invalid(errors=field_errors(error.errors(), language_of(request))) from None
    at = now()
    if what != "sharing":
        channel = None if what == "information" or what == "all" else what
        await _hear(request, ConsentWithdrawn(member_id=link.subject, channel=channel, at=at))
    if what in ("sharing", "all"):
        await _hear(request, SharingWithdrawn(member_id=link.subject, at=at))
    if not wants_html(request):
        return JSONResponse({"status": "received"}, 202, headers={"cache-control": "no-store"})
    title, said = (translate(language_of(request), each) for each in WITHDRAWN)
    back = translate(language_of(request), mark("Back to your page"))
    return _pages(request).render(request, "answer.html", status=202, title=title, text=said, following=f"/me/{token}", next_step=back)


@router.post("/me/{token}/erase", status_code=202, response_model=None)
async def erase(token: str, request: Request, db: Db) -> Response:
    """Have all that is held erased (`sure=yes`), and say under which number the receipt is shown."""
    link, fields = await _said(token, request, db)
    if fields.get("sure") != "yes":
        return RedirectResponse(f"/me/{token}/erase?again=1", 303)
    number = receipts.new_number()
    await _hear(request, ErasureRequested(member_id=link.subject, receipt=number, at=now()))
    if not wants_html(request):
        return JSONResponse({"status": "received", "receipt": number}, 202, headers={"cache-control": "no-store"})
    return _pages(request).render(request, "erasing.html", status=202, number=number, days=30)


@router.get("/me/{token}", include_in_schema=False)
async def show_me(token: str, request: Request, db: Db) -> Response:
    """Show the member's page where the link was opened; before that, the button that opens it."""
    return await _pass_on(token, request, db)


@router.api_route("/me/{token}/{page}", methods=["GET", "POST"], include_in_schema=False)
async def show_part(token: str, page: str, request: Request, db: Db) -> Response:
    """Show one of the member's pages, or hand on what was corrected there."""
    return await _pass_on(token, request, db)


async def _pass_on(token: str, request: Request, db: Database) -> Response:
    refuse_other_sites(request)
    link = _link(request, token)
    async with db.transaction() as session:
        opened = await manage.find(session, token, _cookie(request))
    if opened is None:
        return _pages(request).render(request, "me_open.html", action=f"/me/{token}")
    if not opened.csrf:
        raise NotFound
    return await answer_of(OWNER, request, Identity(kind="link", language=language_of(request), link=link, csrf=opened.csrf))


async def _said(token: str, request: Request, db: Database) -> tuple[Link, dict[str, str]]:
    """Return whose page it is and what the form says, once it is sure that the page sent it.

    Raises:
        NotFound: the link is forged, old, or another browser's.
        Forbidden: the form's token is missing or another page's.
    """
    refuse_other_sites(request)
    link, csrf = _link(request, token), await _csrf(request, db, token)
    if not csrf:
        raise NotFound
    fields = await bodies.read_fields(request)
    if not hmac.compare_digest(str(fields.get("csrf", "")).encode(), csrf.encode()):
        raise Forbidden
    return link, fields


async def _csrf(request: Request, db: Database, token: str) -> str:
    async with db.transaction() as session:
        opened = await manage.find(session, token, _cookie(request))
    return opened.csrf if opened else ""


async def _read(request: Request) -> Asked:
    return _checked(request, await bodies.read_fields(request))


def _checked(request: Request, fields: dict[str, object]) -> Asked:
    try:
        return Asked.model_validate(fields)
    except ValidationError as error:
        raise Invalid(errors=field_errors(error.errors(), language_of(request))) from None


def _requested(asked: Asked) -> ManageLinkRequested:
    return ManageLinkRequested(request_id=new_id(), email=asked.email, phone=None if asked.email else asked.phone, at=now())


async def _hear(request: Request, message: Message) -> None:
    intake: Intake = request.app.state.intake
    await intake.submit(message)


def _cookie(request: Request) -> str:
    return request.cookies.get(manage.COOKIE, "")


def _link(request: Request, token: str) -> Link:
    return tokens.read(_settings(request).link_keys, "manage", token, at=now())


def _settings(request: Request) -> GatewaySettings:
    settings: GatewaySettings = request.app.state.settings
    return settings


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages
