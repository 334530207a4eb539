"""What a member sees and does behind their manage link: with a small phone, without scripts, in both languages."""

import json
import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr

from shared.clock import now
from shared.tokens import mint
from tests.browser.pages import is_well, joined, visit
from tests.faults.house import House
from tests.waiting import wait_until

WORDS = {
    "en": {
        "door": "What we hold about you",
        "sent": "Look into your mail",
        "open": "Open your page",
        "erase": "Are you sure?",
        "erasing": "We erase all that we hold about you",
        "receipt": "All is erased, everywhere.",
        "saved": "Saved.",
        "heard": "We have heard you",
        "error": "Error:",
    },
    "st": {
        "door": "Seo re se bolokileng ka uena",
        "sent": "Sheba imeile ea hau",
        "open": "Bula leqephe la hau",
        "erase": "Na u na le 'nete?",
        "erasing": "Re hlakola tsohle tseo re li bolokileng ka uena",
        "receipt": "Tsohle li hlakotsoe, hohle.",
        "saved": "Ho bolokiloe.",
        "heard": "Re u utloile",
        "error": "Phoso:",
    },
}


async def opened(house: House, number: int) -> tuple[UUID, str]:
    """Register somebody, and return their id and the path of a manage link."""
    member_id = await joined(house, number, crowd="members", interests=["culture"], city="Welkom")
    link_keys = [SecretStr(house.settings["LINK_KEYS"])]
    return member_id, f"/me/{mint(link_keys, 'manage', member_id, expires_at=now() + timedelta(minutes=30))}"


async def title(page: Page, text: str) -> None:
    await expect(page.locator("h1")).to_have_text(text)


@pytest.mark.parametrize("language", ["en", "st"])
async def test_member_walks_through_their_page_and_leaves(chromium: Browser, house: House, language: str) -> None:
    words = WORDS[language]
    member_id, path = await opened(house, 1 if language == "en" else 2)
    async with visit(chromium, house) as page:
        await page.goto(f"/me?lang={language}")
        await title(page, words["door"])
        await is_well(page)
        await page.click("button")
        await expect(page.locator(".summary")).to_be_visible()
        await is_well(page)
        await page.fill("#email", "nobody@example.org")
        await page.click("button")
        await title(page, words["sent"])

        await page.goto(path)
        await title(page, words["open"])
        await is_well(page)
        await page.click("button")
        await title(page, words["door"])
        await expect(page.locator("main")).to_contain_text("Palesa")
        assert await page.get_attribute("html", "lang") == {"en": "en", "st": "st-LS"}[language]
        await is_well(page)

        await page.click(f"a[href='{path}/details']")
        await page.wait_for_url(f"**{path}/details")
        await is_well(page)
        await page.fill("#given_name", "")
        await page.click("button")
        await expect(page).to_have_title(re.compile(f"^{words['error']}"))
        await page.fill("#given_name", "Limpho")
        await page.check("#interests-trade")
        await page.click("button")
        await expect(page.locator("[role=status]")).to_have_text(words["saved"])
        await expect(page.locator("main")).to_contain_text("Limpho")

        await page.click(f"a[href='{path}/choices']")
        await page.wait_for_url(f"**{path}/choices")
        await is_well(page)
        await page.check("#sharing")
        await page.click("button")
        await expect(page.locator("[role=status]")).to_have_text(words["saved"])
        await page.check("#what-all")
        await page.click(".second")
        await title(page, words["heard"])
        await is_well(page)

        async def withdrawn() -> bool:
            return await house.fetch("registry", "SELECT information, sharing FROM member WHERE id = $1", member_id) == [([], False)]

        await wait_until(withdrawn)
        await page.goto(path)
        async with page.expect_download() as taken:
            await page.click(f"a[href='{path}/export']")
        held = json.loads((await (await taken.value).path()).read_text())
        assert (held["given_name"], sorted(held["interests"])) == ("Limpho", ["culture", "trade"])

        await page.click(f"a[href='{path}/erase']")
        await title(page, words["erase"])
        await is_well(page)
        await page.check("#sure")
        await page.click(".second")
        await title(page, words["erasing"])
        await is_well(page)
        receipt = await page.get_attribute("a.button", "href")
        assert receipt

        async def done() -> bool:
            await page.goto(receipt)
            return words["receipt"] in await page.inner_text("main")

        await wait_until(done)
        await is_well(page)
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 404


async def test_second_browser_opens_nothing(chromium: Browser, house: House) -> None:
    _, path = await opened(house, 3)
    statuses = []
    for _ in range(2):
        async with visit(chromium, house, script=False) as page:
            answer = await page.goto(path)
            assert answer is not None
            statuses.append(answer.status)
            if answer.status == 200:
                await page.click("button")
                await title(page, WORDS["en"]["door"])
    assert statuses == [200, 404]
