"""The staff's own door: signing in by a one-time link, the first page after it, signing out."""

import hmac
import re

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.gateway import bodies, sessions, staff
from services.gateway.authentication import Asking, identify, refuse_other_sites
from services.gateway.settings import GatewaySettings
from shared.errors import Forbidden, NotFound, Unauthenticated
from shared.identity import Role
from shared.service import Db
from shared.web import problems
from shared.web.pages import Pages
from shared.web.staff import HOME, is_staff_path

router = APIRouter(include_in_schema=False)

LONGEST_SECRET = 100
SHOWN: dict[str, tuple[Role, ...]] = {
    "/api/v1/deliveries": ("admin", "consultant", "officer"),
    "/api/v1/speakers": ("admin", "officer", "forum"),
    "/api/v1/team": ("admin", "officer", "forum"),
}
"""What the first page leads to beside the navigation, and for whom; each owner checks by itself."""
WANTED_COOKIE = "wanted_page"
WANTED_SECONDS = 3600
"""How long the way to a page is remembered for somebody who is not signed in yet."""
_PLAIN = re.compile(r"(/[A-Za-z0-9-]+)+")


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
    """Spend the link, start a session in this browser, and go to the page that was wanted, or to the first."""
    refuse_other_sites(request)
    if len(secret) > LONGEST_SECRET:
        raise NotFound
    settings: GatewaySettings = request.app.state.settings
    async with db.transaction() as session:
        started = await sessions.start(session, await staff.spend_link(session, secret), hours=settings.session_hours)
    wanted = request.cookies.get(WANTED_COOKIE, "")
    response = RedirectResponse(wanted if _leads_back(wanted) else HOME, 303)
    _set_cookie(response, settings, started)
    if wanted:
        response.delete_cookie(WANTED_COOKIE, path="/sign-in")
    return response


@router.get(HOME, dependencies=[Depends(identify)])
async def home(request: Request, who: Asking) -> Response:
    """Show who is signed in, and what they may look at."""
    if who.kind != "staff":
        raise Unauthenticated
    pages: Pages = request.app.state.pages
    return pages.render(request, "desk.html", who=who, paths=[path for path, roles in SHOWN.items() if who.role in roles])


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


async def turn_away(request: Request, error: Exception) -> Response:
    """Ask a browser on a page for staff to sign in, and remember the page's path for afterwards; say 401 to all others."""
    if not is_staff_path(request.url.path) or not problems.wants_html(request):
        return problems.response(request, error)
    pages: Pages = request.app.state.pages
    settings: GatewaySettings = request.app.state.settings
    page = pages.render(request, "signed_out.html", status=401, headers={"www-authenticate": "Bearer"})
    if request.method == "GET" and _leads_back(request.url.path):
        secure = settings.khokahano_base_url.startswith("https://")
        page.set_cookie(
            WANTED_COOKIE, request.url.path, max_age=WANTED_SECONDS, path="/sign-in", secure=secure, httponly=True, samesite="lax"
        )
    return page


def _leads_back(path: str) -> bool:
    """Tell whether a path is one of ours for staff; a query, which may hold a name, is never remembered."""
    return is_staff_path(path) and _PLAIN.fullmatch(path) is not None


def _set_cookie(response: Response, settings: GatewaySettings, started: sessions.Started) -> None:
    name = sessions.cookie_name(settings.khokahano_base_url)
    secure = settings.khokahano_base_url.startswith("https://")
    response.set_cookie(name, started.secret, max_age=started.seconds, path="/", secure=secure, httponly=True, samesite="lax")
