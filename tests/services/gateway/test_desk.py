"""The staff's pages at the door: handed to their owner with who is asking, and nobody sees one before signing in."""

import httpx2
import pytest

from services.gateway.routes.desk import WANTED_COOKIE
from shared.web.staff import PROXIED
from tests.services.gateway.running import Gateway
from tests.services.gateway.test_proxy import Owner, owner, owners

__all__ = ["owner", "owners"]  # Fixtures.

MEMBER = "/staff/members/00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize("path", list(PROXIED))
async def test_staff_page_reaches_its_owner_with_the_session(gateway: Gateway, owner: Owner, path: str) -> None:
    async with gateway.browser(await gateway.invite("officer")) as browser:
        said = (await browser.get(f"{path}/x?q=a%20b")).json()
        posted = (await browser.post(path, data={"csrf": "t"})).json()
    assert (said["path"], said["query"], posted["method"], posted["body"]) == (f"{path}/x", "q=a%20b", "POST", "csrf=t")
    assert (said["who"]["kind"], said["who"]["role"], len(said["who"]["csrf"])) == ("staff", "officer", 43)


@pytest.mark.parametrize("path", ["/staff", MEMBER, *PROXIED])
async def test_nobody_sees_a_page_of_staff(gateway: Gateway, owner: Owner, path: str) -> None:
    async with gateway.browser() as browser:
        page = await browser.get(path)
        posted = await browser.post(path)
    plain = await gateway.web.get(path, headers={"accept": "application/json"})
    assert (page.status_code, plain.status_code, plain.headers["content-type"]) == (401, 401, "application/problem+json")
    assert posted.status_code == (405 if path == "/staff" else 401)
    assert "<h1>Please sign in</h1>" in page.text and "/sign-out" not in page.text


async def test_other_site_cannot_post_to_a_page_of_staff(gateway: Gateway, owner: Owner) -> None:
    async with gateway.browser(await gateway.invite("officer")) as browser:
        answer = await browser.post(MEMBER, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


async def sign_in(gateway: Gateway, browser: httpx2.AsyncClient) -> str:
    answer = await browser.post(f"/sign-in/{(await gateway.invite()).secret}")
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def test_who_signs_in_comes_back_to_the_page_they_wanted_once(gateway: Gateway, owner: Owner) -> None:
    async with gateway.browser() as browser:
        await browser.get(f"{MEMBER}?q=Palesa")
        cookies = {cookie.name: (cookie.value, cookie.path) for cookie in browser.cookies.jar}
        assert cookies[WANTED_COOKIE] == (f'"{MEMBER}"', "/sign-in")  # Without the query, which may hold a name.
        assert await sign_in(gateway, browser) == MEMBER
        assert await sign_in(gateway, browser) == "/staff"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example.net/staff", "//evil.example.net/staff", "/staff//evil", "/staff/../x", "/", "/me/x"]
)
async def test_cookie_leads_to_pages_of_staff_only(gateway: Gateway, wanted: str) -> None:
    async with gateway.browser() as browser:
        browser.cookies.set(WANTED_COOKIE, wanted)
        assert await sign_in(gateway, browser) == "/staff"
