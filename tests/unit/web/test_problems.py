"""Errors as problem documents and pages: translated, complete, and silent about what was sent."""

from typing import Annotated
from uuid import UUID

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel
from starlette.testclient import TestClient

from shared.errors import Conflict, FieldError, Forbidden, Invalid, Outage, TooMany, Unauthenticated
from shared.web import problems
from shared.web.headers import SecurityHeaders
from shared.web.paging import Paging

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SECRET = "Palesa-Mokoena-0123"


class Said(BaseModel):
    name: str
    age: int


app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
problems.install(app)
app.add_middleware(SecurityHeaders, https=True)


@app.get("/raise/{what}")
async def trouble(what: str) -> None:
    raise {
        "conflict": Conflict("Somebody else was quicker."),
        "forbidden": Forbidden(),
        "unauthenticated": Unauthenticated(),
        "many": TooMany(retry_after_seconds=17),
        "invalid": Invalid(errors=[FieldError("/phone", "Write your given name."), FieldError("/email", "no")]),
        "outage": Outage(f"connection to {SECRET} refused"),
        "bug": RuntimeError(SECRET),
    }[what]


@app.post("/said")
async def say(said: Said) -> None: ...


@app.get("/things/{thing}")
async def thing(thing: UUID) -> None: ...


@app.get("/list")
async def listing(paging: Paging, day: Annotated[int, Query(le=7)] = 1) -> None: ...


@pytest.fixture(name="client")
def _client() -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


def test_refusal_is_a_problem_document(client: TestClient) -> None:
    answer = client.get("/raise/conflict")
    said = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert said.pop("instance").startswith("urn:khokahano:journey:")
    assert said == {
        "type": "/problems/conflict",
        "title": "This does not fit any more",
        "status": 409,
        "detail": "Somebody else was quicker.",
    }


def test_refusal_without_words_says_its_kinds_own(client: TestClient) -> None:
    assert client.get("/raise/forbidden").json()["detail"] == "Your role does not allow this."


def test_problem_is_told_in_sesotho(client: TestClient) -> None:
    answer = client.get("/raise/invalid", headers={"accept-language": "st-LS"})
    said = answer.json()
    assert (said["title"], answer.headers["content-language"]) == ("Ho na le se haellang kapa se fosahetseng", "st")


def test_bad_fields_are_all_named(client: TestClient) -> None:
    assert [error["pointer"] for error in client.get("/raise/invalid").json()["errors"]] == ["/phone", "/email"]


def test_caller_is_told_when_to_come_back(client: TestClient) -> None:
    answer = client.get("/raise/many")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "17")


def test_unauthenticated_names_the_way_in(client: TestClient) -> None:
    assert client.get("/raise/unauthenticated").headers["www-authenticate"] == "Bearer"


def test_outage_is_503_with_retry_after(client: TestClient) -> None:
    answer = client.get("/raise/outage")
    assert (answer.status_code, answer.headers["retry-after"], SECRET in answer.text) == (503, "5", False)


def test_bug_is_500_without_trace(client: TestClient) -> None:
    answer = client.get("/raise/bug")
    assert (answer.status_code, answer.json()["type"], SECRET in answer.text) == (500, "/problems/broken", False)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [("GET", "/nowhere", 404, "not-found"), ("DELETE", "/said", 405, "method-not-allowed"), ("GET", "/things/5", 404, "not-found")],
)
def test_routing_errors_are_problems(client: TestClient, method: str, path: str, status: int, slug: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert ("allow" in answer.headers) == (status == 405)


def test_bad_body_names_fields_and_echoes_nothing(client: TestClient) -> None:
    answer = client.post("/said", json={"name": 1, "age": SECRET})
    assert answer.json()["errors"] == [
        {"pointer": "/name", "detail": "Write this as text."},
        {"pointer": "/age", "detail": "Use a whole number."},
    ]
    assert SECRET not in answer.text
    assert "pydantic" not in answer.text


def test_body_that_is_no_json_is_told_so(client: TestClient) -> None:
    answer = client.post("/said", content=b'{"name": "' + SECRET.encode(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["errors"], SECRET in answer.text) == (
        422,
        [{"pointer": "", "detail": "This is not JSON."}],
        False,
    )


def test_bad_query_names_its_parameter(client: TestClient) -> None:
    answer = client.get("/list?limit=201&day=9&cursor=x")
    assert [error["pointer"] for error in answer.json()["errors"]] in (["/query/day", "/query/limit"], ["/query/limit", "/query/day"])


@pytest.mark.parametrize("path", ["/nowhere", "/raise/bug", "/raise/outage"])
def test_browser_gets_a_page(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/problem+json, text/html", ""])
def test_programs_get_json(client: TestClient, accept: str) -> None:
    assert client.get("/nowhere", headers={"accept": accept}).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/nowhere", "/raise/conflict"])
def test_every_answer_has_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert (headers["x-content-type-options"], headers["referrer-policy"], headers["x-frame-options"]) == ("nosniff", "same-origin", "DENY")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["strict-transport-security"] == "max-age=31536000"
