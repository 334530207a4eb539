"""The staff's own door: signing in by a one-time link, the first page after it, signing out."""

import hmac

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.gateway import bodies, sessions, staff
from services.gateway.authentication import Asking, identify, refuse_other_sites
from services.gateway.settings import GatewaySettings
from shared.errors import Forbidden, NotFound
from shared.identity import Role
from shared.service import Db
from shared.web.pages import Pages

router = APIRouter(include_in_schema=False)

HOME = "/staff"
LONGEST_SECRET = 100
SHOWN: dict[str, tuple[Role, ...]] = {
    "/api/v1/members": ("admin", "consultant", "officer", "mission"),
    "/staff/imports": ("admin", "consultant", "officer", "mission"),
    "/api/v1/coverage": ("admin", "consultant", "officer", "forum", "mission", "viewer"),
    "/api/v1/deliveries": ("admin", "consultant", "officer"),
    "/api/v1/speakers": ("admin", "officer", "forum"),
    "/api/v1/team": ("admin", "officer", "forum"),
}
"""What the first page leads to, and for whom; each owner checks by itself."""


@router.get("/sign-in/{secret}")
async def show_sign_in(secret: str, request: Request, db: Db) -> Response:
    """Show a page with one button; a scanner that follows the link spends nothing."""
    async with db.transaction() as session:
        if len(secret) > LONGEST_SECRET or not await staff.link_is_good(session, secret):
            raise NotFound
    pages: Pages = request.app.state.pages
    return pages.render(request, "sign_in.html")


@router.post("/sign-in/{secret}")
async def sign_in(secret: str, request: Request, db: Db) -> Response:
    """Spend the link, start a session in this browser, and go to the first page."""
    refuse_other_sites(request)
    if len(secret) > LONGEST_SECRET:
        raise NotFound
    settings: GatewaySettings = request.app.state.settings
    async with db.transaction() as session:
        started = await sessions.start(session, await staff.spend_link(session, secret), hours=settings.session_hours)
    response = RedirectResponse(HOME, 303)
    _set_cookie(response, settings, started)
    return response


@router.get(HOME, dependencies=[Depends(identify)])
async def home(request: Request, who: Asking) -> Response:
    """Show who is signed in, and what they may look at."""
    pages: Pages = request.app.state.pages
    if who.kind != "staff":
        return pages.render(request, "signed_out.html", status=401)
    return pages.render(request, "staff.html", who=who, paths=[path for path, roles in SHOWN.items() if who.role in roles])


@router.post("/sign-out")
async def sign_out(request: Request, who: Asking, db: Db) -> Response:
    """End this browser's session."""
    settings: GatewaySettings = request.app.state.settings
    if who.kind == "staff":
        fields = await bodies.read_fields(request)
        if not hmac.compare_digest(str(fields.get("csrf", "")).encode(), who.csrf.encode()):
            raise Forbidden
        async with db.transaction() as session:
            await sessions.end(session, request.cookies[sessions.cookie_name(settings.khokahano_base_url)])
    response = RedirectResponse("/", 303)
    _set_cookie(response, settings, sessions.Started("", 0))
    return response


def _set_cookie(response: Response, settings: GatewaySettings, started: sessions.Started) -> None:
    name = sessions.cookie_name(settings.khokahano_base_url)
    secure = settings.khokahano_base_url.startswith("https://")
    response.set_cookie(name, started.secret, max_age=started.seconds, path="/", secure=secure, httponly=True, samesite="lax")
