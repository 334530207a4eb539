"""A cookie that an owner gives to one browser reaches that browser, and nobody else by way of the gateway's own connections."""

from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shared.http import IdentityCheck
from tests.services.gateway.running import KEY, Gateway, served


async def answer(request: Request) -> Response:
    response = PlainTextResponse(request.headers.get("cookie", "none"))
    response.set_cookie("lang", "st")
    return response


async def test_cookie_of_one_browser_is_not_handed_to_the_next(gateway: Gateway) -> None:
    keys = [SecretStr(f"registry-{KEY}")]
    owner = Starlette(routes=[Route("/{rest:path}", answer)], middleware=[Middleware(IdentityCheck, service="registry", keys=keys)])
    port = urlsplit(gateway.app.state.settings.registry_url).port
    async with served(owner, lifespan="off", port=port):
        first = await gateway.web.get("/erased/000000000000", headers={"cookie": ""})
        second = await gateway.web.get("/erased/000000000000", headers={"cookie": ""})
    assert first.headers["set-cookie"].startswith("lang=st")
    assert (first.text, second.text) == ("none", "none")
