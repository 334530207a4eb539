"""Every role on every staff route that is the gateway's own: 401 for nobody, 403 for a role without the right, else let in."""

from itertools import product
from typing import get_args

import pytest
from fastapi.routing import APIRoute

from services.gateway.routes import imports
from shared.identity import Role
from tests.services.gateway.running import Gateway

ROLES: tuple[Role, ...] = get_args(Role)
ALLOWED = {
    ("POST", "/api/v1/imports"): ("admin", "consultant", "officer"),
    ("GET", "/api/v1/imports/{import_id}"): ("admin", "consultant", "officer"),
}
ID = "00000000-0000-7000-8000-000000000000"


def test_table_names_every_route() -> None:
    routes = [route for route in imports.router.routes if isinstance(route, APIRoute)]
    assert {(method, route.path) for route in routes for method in route.methods} == set(ALLOWED)


@pytest.mark.parametrize(("route", "role"), list(product(ALLOWED, ROLES)))
@pytest.mark.parametrize("by", ["session", "token"])
async def test_role_on_route(gateway: Gateway, route: tuple[str, str], role: Role, by: str) -> None:
    method, path = route[0], route[1].format(import_id=ID)
    areas = ("ZA-GP",) if role == "mission" else ()
    if by == "token":
        status = (await gateway.web.request(method, path, headers=await gateway.token(role, *areas))).status_code
    else:
        async with gateway.browser(await gateway.invite(role, *areas)) as browser:
            status = (await browser.request(method, path)).status_code
    # Who is let in is told that the thing is not there, or that no sheet came.
    assert status in (404, 415) if role in ALLOWED[route] else status == 403


@pytest.mark.parametrize("route", list(ALLOWED))
async def test_nobody_on_route(gateway: Gateway, route: tuple[str, str]) -> None:
    assert (await gateway.web.request(route[0], route[1].format(import_id=ID))).status_code == 401
