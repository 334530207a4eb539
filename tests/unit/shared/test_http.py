"""What stands before every route, and that the short way to a hot route answers as the long one does."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from prometheus_client import REGISTRY
from starlette.responses import Response
from starlette.testclient import TestClient

from shared import journey
from shared.errors import Conflict, Contention, FieldError, Invalid, Outage, Unavailable
from shared.http import HotRoute, Journeys, ShortWay
from shared.web import problems
from shared.web.headers import SecurityHeaders

PATH = "/hot/place"
hot = APIRouter(prefix="/hot", route_class=HotRoute)


@hot.post("/place", status_code=202)
async def go(request: Request) -> Response:
    """Answer as the body says."""
    trouble: dict[bytes, Exception] = {
        b"conflict": Conflict(),
        b"invalid": Invalid(errors=[FieldError("/phone", "Write your given name.")]),
        b"unavailable": Unavailable(retry_after_seconds=7),
        b"outage": Outage("secret"),
        b"contention": Contention("secret"),
        b"bug": RuntimeError("secret"),
    }
    said = await request.body()
    if said in trouble:
        raise trouble[said]
    return Response(f"{request.app.title} {journey.current()}", 202, {"x-frame-options": "SAMEORIGIN"})


def client(*, short: bool) -> TestClient:
    """Return a client of an application put together as `shared.service` does it."""
    app = FastAPI(title="Hot", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    problems.install(app)
    app.include_router(hot)
    if short:
        app.add_middleware(ShortWay, routers=[hot])
    app.add_middleware(Journeys)
    app.add_middleware(SecurityHeaders)
    return TestClient(app, raise_server_exceptions=False)


def counted(status: int) -> float:
    labels = {"route": PATH, "method": "POST", "status": str(status)}
    return REGISTRY.get_sample_value("khokahano_http_requests_total", labels) or 0.0


@pytest.mark.parametrize("language", ["en", "st"])
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("said", ["", "conflict", "invalid", "unavailable", "outage", "contention", "bug"])
def test_short_way_answers_as_the_long_one(said: str, accept: str, language: str) -> None:
    headers = {"x-correlation-id": "caller-journey-7", "accept": accept, "accept-language": language}
    answers = []
    for short in (True, False):
        before = {status: counted(status) for status in (202, 409, 422, 500, 503)}
        answer = client(short=short).post(PATH, content=said, headers=headers)
        assert {status for status, count in before.items() if counted(status) > count} == {answer.status_code}
        body: Any = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
        if said == "bug" and isinstance(body, dict):
            body.pop("instance")  # It is told outside of every journey.
        answers.append((answer.status_code, sorted(answer.headers.multi_items()), body))
    assert answers[0] == answers[1]
    assert answers[0][0] == {"": 202, "conflict": 409, "invalid": 422, "bug": 500}.get(said, 503)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("HEAD", PATH), ("POST", f"{PATH}/"), ("POST", "/hot/plac%65"), ("POST", "/hot")]
)
def test_any_other_spelling_goes_the_long_way(method: str, path: str) -> None:
    short, long = (client(short=short).request(method, path) for short in (True, False))
    assert (short.status_code, short.headers.get("allow")) == (long.status_code, long.headers.get("allow"))


def test_journey_is_the_callers_or_a_new_one() -> None:
    web = client(short=True)
    assert web.post(PATH, headers={"x-correlation-id": "caller-journey-7"}).text == "Hot caller-journey-7"
    for unsound in ("", "short", "x" * 65, "two words", "caller\u00e9-journey", "caller-journey-7,other"):
        answer = web.post(PATH, headers=[(b"x-correlation-id", unsound.encode("latin-1"))])
        assert answer.text == f"Hot {answer.headers['x-correlation-id']}"
        assert len(answer.headers["x-correlation-id"]) == 36


def test_header_of_the_answers_own_is_kept() -> None:
    headers = client(short=True).post(PATH).headers
    assert (headers.get_list("x-frame-options"), headers["x-content-type-options"]) == (["SAMEORIGIN"], "nosniff")
