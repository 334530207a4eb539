"""Staff register a person whom they speak with: who may, whom, and what is kept of how the person agreed."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.testclient import TestClient

import services.gateway
from services.gateway.routes import registering
from shared.contracts.gateway import ConsentProof, RegistrationSubmitted
from shared.identity import Identity
from shared.web import problems
from shared.web.pages import Pages
from tests.unit.gateway.registrations import registration

CSRF = "what-the-forms-carry"


class Heard:
    """Stands for the intake: keeps what it was given."""

    def __init__(self) -> None:
        self.submissions: list[RegistrationSubmitted] = []
        self.keys: list[str | None] = []

    def fingerprint(self, raw: bytes) -> bytes:
        return raw

    async def accept(self, submission: RegistrationSubmitted, key: str | None, fingerprint: bytes, *, scope: str) -> UUID:
        assert (scope, bool(fingerprint)) == ("/staff/register", True)
        self.submissions.append(submission)
        self.keys.append(key)
        return submission.submission_id


def client_of(heard: Heard, **who: Any) -> TestClient:
    """Return a browser in which somebody is signed in."""
    usual: dict[str, Any] = {"kind": "staff", "id": "7", "name": "Thabo", "role": "consultant", "organisation": "IOM", "csrf": CSRF}
    identity = Identity.model_validate(usual | who)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app)

    @app.middleware("http")
    async def sign_in(request: Request, following: Callable[[Request], Awaitable[Response]]) -> Response:
        request.state.identity = identity
        return await following(request)

    app.include_router(registering.router)
    app.state.intake = heard
    app.state.settings = SimpleNamespace(country_of_origin="LS")
    app.state.pages = Pages(Path(services.gateway.__file__).parent)
    return TestClient(app, headers={"accept": "text/html"})


def typed(**changed: str) -> dict[str, str]:
    fields = {name: str(value) for name, value in registration(consent=None).items() if isinstance(value, str)}
    fields |= {"csrf": CSRF, "consent_registration": "true", "idempotency_key": "k1", "spoken": "E, kea lumela.", "said_by": "call"}
    return fields | {"email": "palesa@example.org"} | changed


def test_what_was_said_and_who_heard_it_is_kept_beside_the_consent() -> None:
    heard = Heard()
    with client_of(heard) as client:
        assert "Register a person" in client.get("/staff/register").text
        answer = client.post("/staff/register", data=typed())
    assert answer.status_code == 202, answer.text
    [submission] = heard.submissions
    assert submission.way == "staff"
    assert submission.proof == ConsentProof(basis="spoken", way="call", spoken="E, kea lumela.", staff="Thabo", office="IOM")
    assert heard.keys == ["7:k1"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"spoken": "  "}, "Write what they said when they agreed."),
        ({"given_name": ""}, "Write your given name."),
        ({"consent_registration": ""}, "you must agree"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_kept(changed: dict[str, str], said: str) -> None:
    heard = Heard()
    with client_of(heard) as client:
        answer = client.post("/staff/register", data=typed(**changed))
    assert (answer.status_code, said in answer.text, heard.submissions) == (422, True, [])
    assert "palesa@example.org" in answer.text, "what was typed stays"


def test_mission_registers_people_of_its_own_areas_only() -> None:
    heard = Heard()
    with client_of(heard, role="mission", areas=("GB",), organisation="LS-HC-LONDON") as client:
        refused = client.post("/staff/register", data=typed(country="ZA", province="ZA-GP"))
        taken = client.post("/staff/register", data=typed(country="GB", province="", phone=""))
    assert (refused.status_code, "your own areas only" in refused.text) == (422, True)
    assert (taken.status_code, [each.country for each in heard.submissions]) == (202, ["GB"])


@pytest.mark.parametrize(("who", "status"), [({"role": "viewer"}, 403), ({"role": "forum"}, 403), ({"kind": "public", "role": None}, 401)])
def test_others_register_nobody(who: dict[str, Any], status: int) -> None:
    heard = Heard()
    with client_of(heard, **who) as client:
        answers = client.get("/staff/register"), client.post("/staff/register", data=typed())
    assert [answer.status_code for answer in answers] == [status, status]
    assert heard.submissions == []


@pytest.mark.parametrize("token", ["", "another-page's"])
def test_form_of_another_site_is_refused(token: str) -> None:
    heard = Heard()
    with client_of(heard) as client:
        assert client.post("/staff/register", data=typed(csrf=token)).status_code == 403
    with client_of(heard, kind="token", csrf="") as client:
        assert client.post("/staff/register", data=typed(csrf="")).status_code == 403
    assert heard.submissions == []
