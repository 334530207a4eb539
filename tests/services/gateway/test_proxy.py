"""The proxy says who is asking and nothing else; it streams both ways, keeps its deadline, and an owner that is down is an apology."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.gateway.proxy import METHODS
from shared.clock import now
from shared.http import IdentityCheck
from shared.identity import HEADER, Identity, current, sign
from shared.tokens import Purpose, mint
from tests.services.gateway.running import KEY, Gateway, served
from tests.waiting import wait_until

JSON = {"accept": "application/json"}


class Owner:
    """A service that tells what it was asked; its identity check is the real one."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.got: list[bytes] = []

    async def echo(self, request: Request) -> Response:
        who = current(request)
        body = await request.body()
        said: dict[str, Any] = {
            "who": who.model_dump(mode="json"),
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "headers": dict(request.headers),
            "body": body.decode("latin-1"),
        }
        return JSONResponse(said, 200, headers={"x-owner": "yes", "connection": "x-secret-hop", "x-secret-hop": "1", "server": "inner"})

    async def slow(self, request: Request) -> Response:
        await self.release.wait()
        return Response("late")

    async def in_pieces(self, request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first\n"
            await self.release.wait()
            yield b"second\n"

        return StreamingResponse(pieces(), media_type="text/csv")

    async def take_in_pieces(self, request: Request) -> Response:
        async for piece in request.stream():
            self.got.append(piece)
        return Response("taken")

    async def only_get(self, request: Request) -> Response:
        if request.method != "GET":
            return Response(status_code=405, headers={"allow": "GET"})
        return Response("got", headers={"content-length": "3"})

    def application(self, service: str) -> Starlette:
        routes = [
            Route("/api/v1/members/slow", self.slow),
            Route("/api/v1/members/pieces", self.in_pieces),
            Route("/api/v1/members/upload", self.take_in_pieces, methods=["POST"]),
            Route("/api/v1/members/only-get", self.only_get, methods=METHODS),
            Route("/{rest:path}", self.echo, methods=METHODS),
        ]
        keys = [SecretStr(f"{service}-{KEY}")]
        return Starlette(routes=routes, middleware=[Middleware(IdentityCheck, service=service, keys=keys)])


@pytest.fixture(scope="module")
async def owners(gateway: Gateway) -> AsyncIterator[Owner]:
    """All three owners."""
    owner = Owner()
    async with contextlib.AsyncExitStack() as stack:
        for service in ("registry", "notifier", "forum"):
            port = urlsplit(getattr(gateway.app.state.settings, f"{service}_url")).port
            await stack.enter_async_context(served(owner.application(service), lifespan="off", port=port))
        yield owner


@pytest.fixture
def owner(owners: Owner) -> Iterator[Owner]:
    """The owners, as if nobody had asked them anything."""
    owners.release, owners.got = asyncio.Event(), []
    yield owners
    owners.release.set()


def link(purpose: Purpose) -> tuple[str, str]:
    member = uuid4()
    token = mint([SecretStr(KEY)], purpose, member, contact=uuid4(), expires_at=now() + timedelta(days=1))
    return f"/{purpose}/{token}", str(member)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/v1/members", "registry"),
        ("/api/v1/members/7/history", "registry"),
        ("/api/v1/coverage", "registry"),
        ("/api/v1/deliveries", "notifier"),
        ("/api/v1/speakers", "forum"),
    ],
)
async def test_request_reaches_its_owner_with_who_is_asking(gateway: Gateway, owner: Owner, path: str, service: str) -> None:
    answer = await gateway.web.get(f"{path}?q=a%20b&limit=2", headers=await gateway.token("consultant", "ZA-GP"))
    said = answer.json()  # Another owner's key would have been refused.
    assert (said["path"], said["query"], said["method"]) == (path, "q=a%20b&limit=2", "GET")
    who = [said["who"][name] for name in ("kind", "role", "areas")]
    assert (who, len(said["who"]["name"])) == (["token", "consultant", ["ZA-GP"]], 32)


async def test_nobody_is_public_and_staff_bring_their_form_token(gateway: Gateway, owner: Owner) -> None:
    assert (await gateway.web.get("/api/v1/members", headers=JSON)).json()["who"] == Identity().model_dump(mode="json")
    async with gateway.browser(await gateway.invite("officer")) as browser:
        who = (await browser.get("/api/v1/members?lang=st")).json()["who"]
    assert (who["kind"], who["role"], who["organisation"], who["language"]) == ("staff", "officer", "IOM", "st")
    assert len(who["csrf"]) == 43 and "@example." in who["name"]  # The address of somebody who was given no name.


async def test_case_31_forged_headers_are_stripped(gateway: Gateway, owner: Owner, settings: dict[str, str]) -> None:
    admin = Identity(kind="staff", id="1", role="admin")
    forged = sign(admin, [SecretStr(settings["REGISTRY_IDENTITY_KEYS"])], service="registry", method="GET", path="/api/v1/members")
    headers = {
        HEADER: forged,
        "x-khokahano-other": "1",
        "x-forwarded-for": "10.0.0.1",
        "x-forwarded-host": "evil.example.net",
        "forwarded": "for=10.0.0.1",
        "x-real-ip": "10.0.0.1",
        "cookie": "khokahano=x; lang=en",
        "connection": "x-hop, keep-alive",
        "x-hop": "1",
        "te": "trailers",
        "accept": "application/json",
    }
    said = (await gateway.web.get("/api/v1/members", headers=headers)).json()
    assert said["who"]["kind"] == "public"
    assert said["headers"][HEADER.lower()] != forged
    assert sorted(said["headers"]) == ["accept", "accept-encoding", "host", "user-agent", "x-correlation-id", HEADER.lower()]


async def test_owners_connection_is_its_own(gateway: Gateway, owner: Owner) -> None:
    answer = await gateway.web.get("/api/v1/members", headers=JSON)
    assert answer.headers["x-owner"] == "yes"
    assert {"x-secret-hop", "server"} & set(answer.headers) == set()
    assert len(answer.headers.get_list("x-correlation-id")) == len(answer.headers.get_list("date")) == 1


async def test_token_never_reaches_an_owner(gateway: Gateway, owner: Owner) -> None:
    headers = await gateway.token("viewer")
    assert "authorization" not in (await gateway.web.get("/api/v1/coverage", headers=headers)).json()["headers"]


@pytest.mark.parametrize(("purpose", "further"), [("confirm", ""), ("unsubscribe", ""), ("speaker", ""), ("speaker", "/needs")])
async def test_link_is_shown_by_its_owner(gateway: Gateway, owner: Owner, purpose: Purpose, further: str) -> None:
    path, member = link(purpose)
    async with gateway.browser(await gateway.invite("admin")) as browser:
        who = (await browser.get(path + further)).json()["who"]
    assert (who["kind"], who["role"], who["link"]["purpose"], who["link"]["subject"]) == ("link", None, purpose, member)


async def test_needs_are_the_forums_own(gateway: Gateway, owner: Owner) -> None:
    said = (await gateway.web.post(f"{link('speaker')[0]}/needs", data={"diet": "none"}, headers=JSON)).json()
    assert (said["method"], said["body"], said["who"]["kind"]) == ("POST", "diet=none", "link")


async def test_forged_link_reaches_no_owner(gateway: Gateway, owner: Owner) -> None:
    other = link("confirm")[0].removeprefix("/confirm")
    answers = [await gateway.web.get(path) for path in ("/speaker/x/needs", f"/speaker{other}/needs", "/confirm/", "/confirm")]
    assert {answer.status_code for answer in answers} == {404}


async def test_answer_is_streamed_as_it_comes(gateway: Gateway, owner: Owner) -> None:
    async with gateway.web.stream("GET", "/api/v1/members/pieces") as answer:
        pieces = answer.aiter_raw()
        assert await asyncio.wait_for(anext(pieces), 5) == b"first\n"
        owner.release.set()
        assert b"".join([piece async for piece in pieces]) == b"second\n"


async def test_body_is_streamed_as_it_comes(gateway: Gateway, owner: Owner) -> None:
    arrived = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.wait_for(arrived.wait(), 5)
        yield b"second"

    asking = asyncio.create_task(gateway.web.post("/api/v1/members/upload", content=body()))

    await wait_until(lambda: owner.got)
    arrived.set()
    assert (await asking).text == "taken"
    assert b"".join(owner.got) == b"firstsecond"


async def test_long_body_is_refused_while_it_streams(gateway: Gateway, owner: Owner) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65536

    assert (await gateway.web.post("/api/v1/members/upload", content=body())).status_code == 413
    assert (await gateway.web.post("/api/v1/members/upload", content=b" " * (1024 * 1024 + 1))).status_code == 413
    assert (await gateway.web.post("/api/v1/members/upload", content=b" " * 1024 * 1024)).status_code == 200


async def test_owner_that_does_not_begin_is_503_within_the_deadline(gateway: Gateway, owner: Owner) -> None:
    started = monotonic()
    answer = await gateway.web.get("/api/v1/members/slow")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert monotonic() - started < 3


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST"])
async def test_method_that_an_owner_lacks_is_its_own_405(gateway: Gateway, owner: Owner, method: str) -> None:
    answer = await gateway.web.request(method, "/api/v1/members/only-get")
    if method == "HEAD":
        assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "3", b"")
    else:
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_abandoned_answers_leave_the_pool_whole(gateway: Gateway, owner: Owner) -> None:
    for _ in range(120):  # More than the pool holds.
        with contextlib.suppress(httpx2.HTTPError):
            async with gateway.web.stream("GET", "/api/v1/members/pieces") as answer:
                await anext(answer.aiter_raw())
    assert (await gateway.web.get("/api/v1/members", headers=JSON)).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/membersx", "/api/v1", "/api/v2/members", "/speakers"])
async def test_path_of_nobody_is_not_found(gateway: Gateway, owner: Owner, path: str) -> None:
    assert (await gateway.web.get(path)).status_code == 404
