"""Every page that the navigation of staff leads to: in both languages, with a small phone and a desk's screen, by each role."""

from typing import get_args

import pytest
from playwright.async_api import Browser, expect

from shared.identity import Role
from shared.web.staff import STAFF_PAGES, StaffPage
from tests.browser.pages import DESK, is_well, sign_in, visit
from tests.faults.house import House

AREA = ("ZA-GP",)


@pytest.mark.parametrize("entry", STAFF_PAGES, ids=[entry.path for entry in STAFF_PAGES])
@pytest.mark.parametrize("language", ["en", "st"])
async def test_page_of_the_navigation_is_well(chromium: Browser, house: House, language: str, entry: StaffPage) -> None:
    async with visit(chromium, house) as page:
        await sign_in(page, house, role="admin", language=language)
        await page.click(f".desk a[href='{entry.path}']")
        await expect(page.locator(".desk a[aria-current=page]")).to_have_attribute("href", entry.path)
        await is_well(page, language=language)
        await page.set_viewport_size(DESK)  # type: ignore[arg-type]  # A size is a dict with these keys.
        await is_well(page)


@pytest.mark.parametrize("role", get_args(Role))
async def test_each_role_is_led_to_pages_that_open_for_it(chromium: Browser, house: House, role: Role) -> None:
    async with visit(chromium, house, script=False) as page:
        await sign_in(page, house, role=role, areas=AREA if role == "mission" else ())
        opened = {}
        for entry in STAFF_PAGES:
            answer = await page.goto(entry.path)
            opened[entry.path] = answer.status if answer else 0
            if answer and answer.status == 403:
                assert await page.locator("h1").count() == 1
    assert opened == {entry.path: 200 if role in entry.roles else 403 for entry in STAFF_PAGES}


async def test_nobody_is_asked_to_sign_in_and_comes_back(chromium: Browser, house: House) -> None:
    async with visit(chromium, house) as page:
        answer = await page.goto("/staff/members")
        assert answer is not None and answer.status == 401
        await is_well(page)
        await sign_in(page, house)
        assert page.url.endswith("/staff/members")
        await page.click(".who button")
        answer = await page.goto("/staff/members")
        assert answer is not None and answer.status == 401
