"""A member's own door: asked for alike by known and unknown, opened in one browser, and heard even while every owner is away."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx2
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.clock import now
from shared.contracts.base import Message
from shared.contracts.gateway import ConsentWithdrawn, ErasureRequested, ManageLinkRequested, SharingWithdrawn
from shared.contracts.registry import MemberErased
from shared.http import IdentityCheck
from shared.identity import current
from shared.receipts import read_number
from shared.tokens import mint
from tests.services.gateway.running import KEY, Gateway, served
from tests.waiting import eventually, wait_until

DOOR = "/api/v1/manage-links"


async def echo(request: Request) -> JSONResponse:
    """Say who is asking, as the registry sees it."""
    who = current(request)
    return JSONResponse(
        {"kind": who.kind, "subject": str(who.link and who.link.subject), "csrf": who.csrf, "body": (await request.body()).decode()}
    )


@pytest.fixture(scope="module")
async def owner(settings: dict[str, str]) -> AsyncIterator[str]:
    """Something that stands where the registry does."""
    check = Middleware(IdentityCheck, service="registry", keys=[SecretStr(settings["REGISTRY_IDENTITY_KEYS"])])
    app = Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST"])], middleware=[check])
    async with served(app, lifespan="off", port=urlsplit(settings["REGISTRY_URL"]).port) as url:
        yield url


def link(member: UUID | None = None, *, minutes: float = 30, key: str = KEY) -> str:
    return f"/me/{mint([SecretStr(key)], 'manage', member or uuid4(), contact=uuid4(), expires_at=now() + timedelta(minutes=minutes))}"


async def opened(gateway: Gateway, browser: httpx2.AsyncClient, path: str) -> str:
    """Open a link in a browser and return what its forms carry."""
    answer = await browser.post(path)
    assert (answer.status_code, urlsplit(answer.headers["location"]).path) == (303, path)
    return str((await browser.get(path)).json()["csrf"])


async def heard(gateway: Gateway, kind: type[Message], member: UUID) -> Any:
    """Wait until one message of this kind was announced about a member, and return it."""

    async def found() -> list[Any]:
        return [said for said in await gateway.heard(kind) if getattr(said, "member_id", None) == member]

    [said] = await wait_until(found)
    return said


async def test_door_answers_alike_for_everybody(gateway: Gateway) -> None:
    known, unknown = f"{uuid4().hex}@example.org", f"{uuid4().hex}@example.org"
    answers = [await gateway.web.post(DOOR, json={"email": email}) for email in (known, unknown)]
    shapes = {
        (answer.status_code, answer.text, tuple(name for name in answer.headers if name != "x-correlation-id"), len(answer.content))
        for answer in answers
    }
    assert shapes == {next(iter(shapes))}
    assert (answers[0].status_code, answers[0].json()) == (202, {"status": "received"})

    async def announced() -> None:
        asked = [said.email for said in await gateway.heard(ManageLinkRequested)]
        assert {known, unknown} <= set(asked)

    await eventually(announced)


@pytest.mark.parametrize(
    ("said", "kept"), [("+27 71 000 0123", "+27710000123"), ("071 000 0123", "+27710000123"), ("+266 5000 0123", "+26650000123")]
)
async def test_number_is_heard_in_any_spelling(gateway: Gateway, said: str, kept: str) -> None:
    assert (await gateway.web.post(DOOR, json={"phone": said})).status_code == 202

    async def announced() -> None:
        assert kept in [asked.phone for asked in await gateway.heard(ManageLinkRequested)]

    await eventually(announced)


@pytest.mark.parametrize("said", [{}, {"email": ""}, {"email": "nobody"}, {"phone": "12"}, {"email": ["a@example.org"]}])
async def test_what_is_no_contact_is_told_so(gateway: Gateway, said: dict[str, Any]) -> None:
    answer = await gateway.web.post(DOOR, json=said)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_form_asks_and_thanks(gateway: Gateway) -> None:
    async with gateway.browser() as browser:
        assert 'name="email"' in (await browser.get("/me?lang=st")).text
        wrong = await browser.post("/me", data={"email": "nobody"})
        assert (wrong.status_code, 'value="nobody"' in wrong.text) == (422, True)
        assert (await browser.post("/me", data={"email": "nobody@example.org", "phone": ""})).status_code == 202


async def test_link_opens_in_one_browser_only(gateway: Gateway, owner: str) -> None:
    member = uuid4()
    path = link(member)
    async with gateway.browser() as first, gateway.browser() as second, gateway.browser() as scanner:
        for _ in range(3):
            shown = await scanner.get(path)
            assert (shown.status_code, "set-cookie" in shown.headers, "<button" in shown.text) == (200, False, True)
        csrf = await opened(gateway, first, path)
        assert csrf
        assert (await first.get(f"{path}/details")).json()["subject"] == str(member)
        for other in (second, scanner):
            assert [(await other.get(path)).status_code, (await other.post(path)).status_code] == [404, 404]
            assert (await other.post(f"{path}/withdraw", data={"what": "all", "csrf": csrf})).status_code == 404
        assert (await first.post(path)).status_code == 303, "pressed once more"
        [cookie] = [each for each in first.cookies.jar if each.name == "me"]
        assert (cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == (path, True)


@pytest.mark.parametrize("made", [{"minutes": -1}, {"key": "another-key-of-the-tests-that-is-long-enough-01"}])
async def test_old_and_forged_links_are_all_alike(gateway: Gateway, made: dict[str, Any]) -> None:
    path = link(**made)
    async with gateway.browser() as browser:
        answers = [
            await browser.get(path),
            await browser.post(path),
            await browser.post(f"{path}/erase"),
            await browser.get(f"{path}/export"),
        ]
    assert [answer.status_code for answer in answers] == [404] * 4


async def test_forms_reach_the_owner_with_their_body(gateway: Gateway, owner: str) -> None:
    path = link()
    async with gateway.browser() as browser:
        csrf = await opened(gateway, browser, path)
        said = (await browser.post(f"{path}/details", data={"csrf": csrf, "city": "Welkom"})).json()
    assert (said["kind"], said["csrf"], said["body"]) == ("link", csrf, f"csrf={csrf}&city=Welkom")


@pytest.mark.parametrize(
    ("what", "channels", "sharing"),
    [("email", ["email"], False), ("information", [None], False), ("sharing", [], True), ("all", [None], True)],
)
async def test_withdrawal_is_heard(gateway: Gateway, owner: str, what: str, channels: list[str | None], sharing: bool) -> None:
    member = uuid4()
    path = link(member)
    async with gateway.browser() as browser:
        csrf = await opened(gateway, browser, path)
        answer = await browser.post(f"{path}/withdraw", data={"csrf": csrf, "what": what})
    assert (answer.status_code, path in answer.text) == (202, True)
    if channels:
        assert (await heard(gateway, ConsentWithdrawn, member)).channel == channels[0]
    if sharing:
        await heard(gateway, SharingWithdrawn, member)


async def test_erasing_asks_once_more_and_shows_a_number(gateway: Gateway, owner: str) -> None:
    member = uuid4()
    path = link(member)
    async with gateway.browser() as browser:
        csrf = await opened(gateway, browser, path)
        unsure = await browser.post(f"{path}/erase", data={"csrf": csrf})
        assert (unsure.status_code, unsure.headers["location"]) == (303, f"{path}/erase?again=1")
        answer = await browser.post(f"{path}/erase", data={"csrf": csrf, "sure": "yes"})
    assert answer.status_code == 202
    [number] = re.findall(r'href="/erased/([^?"]+)', answer.text)
    assert (await heard(gateway, ErasureRequested, member)).receipt == number == read_number(number)


async def test_other_sites_and_other_pages_change_nothing(gateway: Gateway, owner: str) -> None:
    path = link()
    async with gateway.browser() as browser:
        crossed = await browser.post(path, headers={"sec-fetch-site": "cross-site"})
        assert crossed.status_code == 403
        csrf = await opened(gateway, browser, path)
        for said in ({}, {"csrf": "another"}):
            assert (await browser.post(f"{path}/erase", data={"sure": "yes", **said})).status_code == 403
        crossed = await browser.post(f"{path}/erase", data={"csrf": csrf, "sure": "yes"}, headers={"sec-fetch-site": "cross-site"})
        assert crossed.status_code == 403


async def test_erasing_needs_no_owner_and_no_broker(gateway: Gateway) -> None:
    path = link(member := uuid4())
    gateway.broker.refuse()
    try:
        async with gateway.browser() as browser:
            assert (await browser.post(path)).status_code == 303
            [[csrf]] = await gateway.rows("SELECT csrf FROM manage_session ORDER BY expires_at DESC LIMIT 1")
            answer = await browser.post(f"{path}/erase", data={"csrf": csrf, "sure": "yes"})
            assert answer.status_code == 202
    finally:
        gateway.broker.accept()
    await heard(gateway, ErasureRequested, member)


async def test_sheet_of_an_erased_member_goes_when_it_is_done(gateway: Gateway) -> None:
    sheet, person, member = uuid4(), uuid4(), uuid4()
    await gateway.do(
        "INSERT INTO import (id, file_name, added_by, size_bytes, status, lease, lease_until)"
        " VALUES (:id, 'basotho.csv', 'test', 5, 'running', :id, now() + interval '1 hour')",
        id=sheet,
    )
    await gateway.do("INSERT INTO import_chunk (import_id, number, content) VALUES (:id, 0, 'Leboh')", id=sheet)
    await gateway.do("INSERT INTO import_page (import_id, last, content) VALUES (:id, 1, 'Leboh')", id=sheet)
    await gateway.do("INSERT INTO submission (id, way, event, import_id) VALUES (:id, 'import', '{}', :sheet)", id=person, sheet=sheet)
    await gateway.deliver(MemberErased(member_id=member, submission_ids=(person,)))

    async def waits() -> None:
        assert await gateway.rows("SELECT 1 FROM erasing WHERE member_id = :id", id=member)
        assert await gateway.rows("SELECT status, event FROM submission WHERE id = :id", id=person) == [("processed", None)]

    await eventually(waits)
    assert await gateway.rows("SELECT 1 FROM import_chunk WHERE import_id = :id", id=sheet)
    await gateway.do("UPDATE import SET status = 'done', finished_at = now(), lease = NULL WHERE id = :id", id=sheet)

    async def gone() -> None:
        for table in ("import_chunk", "import_page"):
            assert await gateway.rows(f"SELECT 1 FROM {table} WHERE import_id = :id", id=sheet) == []
        assert await gateway.rows("SELECT 1 FROM erasing WHERE member_id = :id", id=member) == []

    await eventually(gone)
