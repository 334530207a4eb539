"""Who has no mailbox of their own: the code of the last page, the door where it is typed, and their own contacts; on a small phone."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr

from shared.clock import now
from shared.tokens import mint
from tests.browser.pages import is_well, visit
from tests.faults.house import House
from tests.waiting import wait_until

WORDS = {
    "en": {
        "made": "Your new code",
        "open": "Open your page",
        "own": "What we hold about you",
        "saved": "Saved.",
        "reach": "How to reach you",
    },
    "st": {
        "made": "Khoutu ea hau e ncha",
        "open": "Bula leqephe la hau",
        "own": "Seo re se bolokileng ka uena",
        "saved": "Ho bolokiloe.",
    },
}


async def registered(page: Page, house: House, language: str) -> tuple[str, str, UUID]:
    """Register somebody by the form, with a telephone only, and confirm it; return the code, the number and the member's id."""
    phone = f"+27 71 {uuid4().int % 10**3:03} {uuid4().int % 10**4:04}"
    await page.goto(f"/register?lang={language}")
    await page.fill("#given_name", "Palesa")
    await page.fill("#family_name", "Mokoena")
    await page.fill("#phone", phone)
    await page.select_option("#country", "ZA")
    await page.select_option("#province", "ZA-GP")
    await page.check("#consent_registration")
    await page.click("button")
    code = await page.locator(".greeting b").inner_text()
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", code)
    await is_well(page, language=language)

    async def found() -> list[Any]:
        query = "SELECT member_id, id FROM contact WHERE value = $1 AND kind = 'phone'"
        return await house.fetch("registry", query, phone.replace(" ", ""))

    [[member_id, contact_id]] = await wait_until(found)
    keys = [SecretStr(house.settings["LINK_KEYS"])]
    member, contact = UUID(str(member_id)), UUID(str(contact_id))
    token = mint(keys, "confirm", member, contact=contact, expires_at=now() + timedelta(days=1))
    async with httpx2.AsyncClient(base_url=house.url) as web:
        assert (await web.post(f"/confirm/{token}")).status_code == 202

    async def confirmed() -> bool:
        return bool(await house.fetch("registry", "SELECT 1 FROM member WHERE id = $1 AND status = 'confirmed'", member))

    await wait_until(confirmed)
    return code, phone, member


@pytest.mark.parametrize("language", ["en", "st"])
async def test_person_with_a_telephone_only_opens_their_page_and_changes_their_contacts(
    chromium: Browser, house: House, language: str
) -> None:
    words = WORDS[language]
    async with visit(chromium, house) as page:
        code, phone, _ = await registered(page, house, language)
        await page.goto(f"/me?lang={language}")
        await page.click("a[href='/me/code']")
        await page.wait_for_url("**/me/code")
        await expect(page.locator("#code")).to_be_visible()
        await is_well(page, language=language)
        await page.fill("#code", "1234 5678 9012")
        await page.fill("#contact", phone)
        await page.click("button")
        await expect(page.locator(".summary")).to_be_visible()
        await is_well(page, language=language)
        await page.fill("#code", code)
        await page.fill("#contact", phone)
        await page.click("button")
        await expect(page.locator("h1")).to_have_text(words["open"])
        await page.click("button")
        await expect(page.locator("h1")).to_have_text(words["own"])
        await is_well(page, language=language)
        mine = page.url.partition("?")[0]

        await page.click("form[action$='/code'] button")
        await expect(page.locator("h1")).to_have_text(words["made"])
        await is_well(page, language=language)

        await page.goto(f"{mine}/contacts")
        await is_well(page, language=language)
        await page.select_option("#kind", "email")
        await page.fill("#value", f"{uuid4().hex}@example.org")
        await page.click("form:has(#kind) button")
        await expect(page.locator("[role=status]")).to_have_text(words["saved"])
        await is_well(page, language=language)
        await page.click("button.second >> nth=0")
        await expect(page.locator("#sure")).to_be_visible()
        await is_well(page, language=language)
