"""Signing in: a link works once and only by its button; a change of rights ends sessions at once; other sites change nothing."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest

from services.gateway import staff
from services.gateway.staff import Rights
from shared.errors import Invalid
from tests.services.gateway.running import Gateway, application, served

HOME = "/staff"


async def who(browser: httpx2.AsyncClient) -> int:
    return (await browser.get(HOME)).status_code


async def test_case_28_link_is_not_spent_by_looking_and_once_by_its_button(gateway: Gateway) -> None:
    link = f"/sign-in/{(await gateway.invite()).secret}"
    async with gateway.browser() as scanner:
        for method in ("GET", "HEAD", "GET"):
            assert (await scanner.request(method, link)).status_code in (200, 405)
        assert await who(scanner) == 401
    async with gateway.browser() as browser, gateway.browser() as late:
        answer = await browser.post(link)
        assert (answer.status_code, answer.headers["location"]) == (303, HOME)
        cookie = answer.headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "Path=/", "SameSite=lax", "khokahano="))
        assert await who(browser) == 200
        assert (await late.post(link)).status_code == 404
        assert (await late.get(link)).status_code == 404


async def test_only_hashes_are_kept(gateway: Gateway) -> None:
    minted = await gateway.invite()
    token = (await gateway.token("viewer"))["authorization"].removeprefix("Bearer ")
    async with gateway.browser(minted) as browser:
        cookie = browser.cookies["khokahano"]
    for table in ("sign_in_link", "staff_session", "api_token", "staff"):
        kept = str(await gateway.rows(f"SELECT t::text FROM {table} t"))
        assert [secret for secret in (minted.secret, token, cookie) if secret in kept] == []


async def test_cookie_behind_https_belongs_to_this_host_alone(gateway: Gateway, settings: dict[str, str]) -> None:
    minted = await gateway.invite()
    behind_https = application(settings | {"KHOKAHANO_BASE_URL": "https://khokahano.example.org"})
    async with served(behind_https) as url, httpx2.AsyncClient(base_url=url) as browser:
        answer = await browser.post(f"/sign-in/{minted.secret}")
    assert answer.headers["set-cookie"].startswith("__Host-khokahano=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("secret", ["no", "x" * 43, "x" * 5000, "%00", "%2e%2e"])
async def test_forged_link_is_not_found(gateway: Gateway, secret: str) -> None:
    async with gateway.browser() as browser:
        for method in ("GET", "POST"):
            assert (await browser.request(method, f"/sign-in/{secret}")).status_code in (404, 401)


async def test_old_link_is_not_found(gateway: Gateway) -> None:
    minted = await gateway.invite()
    await gateway.do("UPDATE sign_in_link SET expires_at = now() - interval '1 second' WHERE spent_at IS NULL")
    async with gateway.browser() as browser:
        assert (await browser.post(f"/sign-in/{minted.secret}")).status_code == 404


@pytest.fixture
async def mpho(gateway: Gateway) -> AsyncIterator[tuple[str, httpx2.AsyncClient]]:
    """An officer who is signed in: address and browser."""
    email = f"{uuid4().hex}@example.org"
    async with gateway.browser(await gateway.invite("officer", email=email)) as browser:
        assert await who(browser) == 200
        yield email, browser


async def test_new_role_ends_sessions_and_links_at_once(gateway: Gateway, mpho: tuple[str, httpx2.AsyncClient]) -> None:
    email, browser = mpho
    old = await gateway.invite("officer", email=email)
    assert await who(browser) == 200  # The same rights again change nothing.
    new = await gateway.invite("viewer", email=email.upper())
    assert await who(browser) == 401
    async with gateway.browser() as other:
        assert (await other.post(f"/sign-in/{old.secret}")).status_code == 404
        assert (await other.post(f"/sign-in/{new.secret}")).status_code == 303


async def test_new_areas_end_sessions_at_once(gateway: Gateway, mpho: tuple[str, httpx2.AsyncClient]) -> None:
    await gateway.invite("officer", "ZA-GP", email=mpho[0])
    assert await who(mpho[1]) == 401


async def test_disabling_ends_sessions_at_once(gateway: Gateway, mpho: tuple[str, httpx2.AsyncClient]) -> None:
    async with gateway.database.transaction() as session:
        await staff.disable(session, mpho[0])
    assert await who(mpho[1]) == 401


async def test_session_ends_in_time(gateway: Gateway, mpho: tuple[str, httpx2.AsyncClient]) -> None:
    await gateway.do("UPDATE staff_session SET expires_at = now()")
    assert await who(mpho[1]) == 401


async def test_signing_out_ends_the_session_and_not_only_the_cookie(gateway: Gateway, mpho: tuple[str, httpx2.AsyncClient]) -> None:
    browser = mpho[1]
    cookie = browser.cookies["khokahano"]
    page = (await browser.get(HOME)).text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    assert csrf
    assert (await browser.post("/sign-out", data={"csrf": "x"})).status_code == 403
    assert (await browser.post("/sign-out", data={"csrf": csrf})).status_code == 303
    async with gateway.browser() as thief:
        thief.cookies.set("khokahano", cookie)
        assert await who(thief) == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "", "origin": "https://evil.example.net"},
        {"sec-fetch-site": "cross-site", "origin": "null"},
    ],
)
async def test_case_35_other_sites_change_nothing(gateway: Gateway, mpho: tuple[str, httpx2.AsyncClient], headers: dict[str, str]) -> None:
    link = f"/sign-in/{(await gateway.invite()).secret}"
    for path in ("/sign-out", "/api/v1/imports", "/api/v1/speakers", link):
        assert (await mpho[1].post(path, headers=headers)).status_code == 403
    assert await who(mpho[1]) == 200


async def test_token_opens_what_its_role_may_until_it_is_revoked(gateway: Gateway) -> None:
    async with gateway.database.transaction() as session:
        minted = await staff.add_token(session, "desk", Rights("consultant"))
    headers = {"authorization": f"Bearer {minted.secret}"}
    path = f"/api/v1/imports/{uuid4()}"
    assert (await gateway.web.get(path, headers=headers)).status_code == 404
    assert [row.last_used_at is not None for row in await gateway.rows("SELECT last_used_at FROM api_token WHERE name = 'desk'")] == [True]
    async with gateway.database.transaction() as session:
        assert await staff.revoke_tokens(session, "desk") == 1
    assert (await gateway.web.get(path, headers=headers)).status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Basic cGFsZXNhOng=", "x" * 9000, "Bearer kho_" + "x" * 43])
async def test_token_that_is_none_is_refused_and_no_session_helps(
    gateway: Gateway, mpho: tuple[str, httpx2.AsyncClient], header: str
) -> None:
    answer = await mpho[1].get("/api/v1/members", headers={"authorization": header, "accept": "application/json"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("rights", [Rights("mission"), Rights("mission", ("ZZ",)), Rights("officer", ("ZA-XX",))])
async def test_rights_that_make_no_sense_are_refused(gateway: Gateway, rights: Rights) -> None:
    async with gateway.database.transaction() as session:
        with pytest.raises(Invalid):
            await staff.add(session, "naledi@example.org", rights)


@pytest.mark.parametrize("role", ["admin", "consultant", "officer", "forum", "mission", "viewer"])
async def test_staff_page_speaks_to_each_role(gateway: Gateway, role: str) -> None:
    areas = ("ZA-GP",) if role == "mission" else ()
    async with gateway.browser(await gateway.invite(role, *areas)) as browser:
        page = await browser.get(HOME)
    assert page.status_code == 200
    assert role in page.text
    assert ("/api/v1/speakers" in page.text) == (role in ("admin", "officer", "forum"))
