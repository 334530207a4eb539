"""The last page of registering shows everybody a code and a receipt, the same if the form is sent twice; its door is the registry's."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.codes import codes_of, registration_receipt, spelled
from shared.http import IdentityCheck
from shared.identity import current
from tests.services.gateway.running import KEY, Gateway, served

PERSON = {
    "given_name": "Palesa",
    "family_name": "Mokoena",
    "country": "ZA",
    "province": "ZA-GP",
    "language": "en",
    "consent_registration": "true",
    "consent_text_version": "2020-01",
}
CODE = re.compile(r"<b>(\d{4} \d{4} \d{4})</b>")
RECEIPT = re.compile(r"receipt number (\d{3} \d{3} \d{3})")


async def echo(request: Request) -> JSONResponse:
    """Say who is asking, as the registry sees it."""
    who = current(request)
    return JSONResponse({"kind": who.kind, "language": who.language, "body": (await request.body()).decode(), "path": request.url.path})


@pytest.fixture
async def owner(settings: dict[str, str]) -> AsyncIterator[str]:
    """Something that stands where the registry does."""
    check = Middleware(IdentityCheck, service="registry", keys=[SecretStr(settings["REGISTRY_IDENTITY_KEYS"])])
    app = Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST"])], middleware=[check])
    async with served(app, lifespan="off", port=urlsplit(settings["REGISTRY_URL"]).port) as url:
        yield url


async def test_last_page_shows_the_code_and_the_receipt_of_this_registration(gateway: Gateway) -> None:
    contact = f"{uuid4().hex}@example.org"
    async with gateway.browser() as browser:
        said = PERSON | {"email": contact, "idempotency_key": uuid4().hex}
        page = await browser.post("/register", data=said)
        assert page.status_code == 202, page.text
        [row] = await gateway.rows("SELECT id FROM submission ORDER BY received_at DESC LIMIT 1")
        assert CODE.findall(page.text) == [spelled(codes_of([SecretStr(KEY)], row.id)[0])]
        assert RECEIPT.findall(page.text) == [registration_receipt(row.id)]
        again = await browser.post("/register", data=said)
        assert CODE.findall(again.text) == CODE.findall(page.text)
        # Whoever registers the same person once more sees a page that says as little, with another code.
        other = await browser.post("/register", data=said | {"idempotency_key": uuid4().hex})
        assert CODE.findall(other.text) != CODE.findall(page.text)
        shape = [CODE.sub("", RECEIPT.sub("", each.text)) for each in (page, other)]
        assert shape[0] == shape[1]


async def test_code_is_kept_nowhere(gateway: Gateway) -> None:
    async with gateway.browser() as browser:
        page = await browser.post("/register", data=PERSON | {"email": f"{uuid4().hex}@example.org"})
    [code] = CODE.findall(page.text)
    plain = code.replace(" ", "")
    for table in ("submission", "outbox", "idempotency_key"):
        rows = await gateway.rows(f"SELECT row_to_json(t)::text AS said FROM {table} t")  # Names are ours.
        assert [row for row in rows if plain in row.said or code in row.said] == []


async def test_codes_door_is_the_registrys_and_for_anybody(gateway: Gateway, owner: str) -> None:
    async with gateway.browser() as browser:
        assert (await browser.get("/me/code?lang=st")).json() == {"kind": "public", "language": "st", "body": "", "path": "/me/code"}
        await browser.get("/me?lang=st")
        assert (await browser.get("/me/code")).json()["language"] == "st"
        said = (await browser.post("/me/code", data={"code": "1", "contact": "x"})).json()
        assert (said["kind"], said["body"]) == ("public", "code=1&contact=x")
        other = await browser.post("/me/code", data={"code": "1"}, headers={"sec-fetch-site": "cross-site"})
        assert other.status_code == 403
    assert owner
