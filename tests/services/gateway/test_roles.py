"""Every role on every staff route that is the gateway's own: 401 for nobody, 403 for a role without the right, else let in."""

from itertools import product
from typing import get_args

import pytest
from fastapi.routing import APIRoute

from services.gateway.routes import import_pages, imports
from shared.identity import Role
from tests.services.gateway.running import Gateway

ROLES: tuple[Role, ...] = get_args(Role)
IMPORTERS: tuple[Role, ...] = ("admin", "consultant", "officer", "mission")
ALLOWED = {
    ("POST", "/api/v1/imports"): IMPORTERS,
    ("GET", "/api/v1/imports/{import_id}"): IMPORTERS,
    ("POST", "/api/v1/imports/{import_id}/start"): IMPORTERS,
    ("GET", "/api/v1/imports/{import_id}/rejected"): IMPORTERS,
    ("GET", "/staff/imports/{import_id}"): IMPORTERS,
    ("POST", "/staff/imports/{import_id}"): IMPORTERS,
    ("GET", "/staff/imports"): IMPORTERS,
    ("POST", "/staff/imports"): IMPORTERS,
}
ID = "00000000-0000-7000-8000-000000000000"


def test_table_names_every_route() -> None:
    routers = (imports.router, import_pages.router)
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
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
            csrf = (await browser.get("/staff")).text.partition('name="csrf" value="')[2].partition('"')[0]
            status = (await browser.request(method, path, headers={"x-csrf-token": csrf})).status_code
    # Who is let in is shown the list, or told that the thing is not there, or that no sheet came.
    assert status in (200, 404, 415) if role in ALLOWED[route] else status == 403


@pytest.mark.parametrize("route", list(ALLOWED))
async def test_nobody_on_route(gateway: Gateway, route: tuple[str, str]) -> None:
    assert (await gateway.web.request(route[0], route[1].format(import_id=ID))).status_code == 401
