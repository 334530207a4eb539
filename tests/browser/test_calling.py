"""What clerks see when they ring and register people: on a small phone and a desk's screen, in both languages, with and without scripts."""

from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect

from shared.web.language import TAGS
from tests.browser.pages import DESK, PHONE, is_well, sign_in, visit
from tests.faults.house import House
from tests.waiting import wait_until

WORDS = {
    "en": {"registered": "Registered", "calls": "Calls", "saved": "Saved.", "erased": "All of it is being erased"},
    "st": {"registered": "Ho ngolisitsoe", "calls": "Mehala", "saved": "Ho bolokiloe.", "erased": "Tsohle lia hlakoloa"},
}
NEXT = "form[action='/staff/calls/next'] button"
FIRST = (
    "INSERT INTO call_task (id, reason, member_id, due_at, made_at) VALUES (gen_random_uuid(), 'confirm', $1, '2020-01-01Z', now())"
    " ON CONFLICT (member_id, reason) WHERE done_at IS NULL AND reason <> 'follow_up' DO UPDATE SET due_at = excluded.due_at"
)


async def register(page: Page, house: House, family_name: str, *, script: bool = True) -> None:
    """Register somebody in a call by the staff's form, and have them rung first."""
    await page.goto("/staff/register")
    await is_well(page, script=script)
    await page.click("main button")
    await expect(page.locator(".summary")).to_be_visible()
    await is_well(page, script=script)
    number = f"+2771000{uuid4().int % 10000:04d}"
    for name, value in (("given_name", "Palesa"), ("family_name", family_name), ("phone", number), ("spoken", "E, kea lumela.")):
        await page.fill(f"#{name}", value)
    await page.select_option("#country", "ZA")
    await page.select_option("#province", "ZA-GP")
    await page.check("#consent_registration")
    await page.click("main button")

    async def known() -> list[Any]:
        return await house.fetch("registry", "SELECT id FROM member WHERE family_name = $1", family_name)

    [[member_id]] = await wait_until(known)
    await house.fetch("registry", FIRST, member_id)  # As the registry does by itself within a minute.


@pytest.mark.parametrize(("language", "script", "size"), [("en", True, PHONE), ("st", True, DESK), ("st", False, PHONE)])
async def test_person_is_registered_rung_and_confirmed(
    chromium: Browser, house: House, language: str, script: bool, size: dict[str, int]
) -> None:
    words, family = WORDS[language], f"Mokoena-{uuid4().hex[:6]}"
    async with visit(chromium, house, size=size, script=script) as page:
        await sign_in(page, house, language=language)
        await register(page, house, family, script=script)
        await expect(page.locator("h1")).to_have_text(words["registered"])
        await is_well(page, script=script, language=language)

        await page.click(".desk a[href='/staff/calls']")
        await expect(page.locator("h1")).to_have_text(words["calls"])
        await expect(page.locator("main")).to_contain_text(family)
        await is_well(page, script=script, language=language)
        await page.click(NEXT)
        await expect(page.locator("h1")).to_have_text(f"Palesa {family}")
        await is_well(page, script=script, language=language)
        assert await page.get_attribute(".script", "lang") == TAGS[language], "in the language of the person who is rung"
        other = "st" if language == "en" else "en"
        await page.click(f"a[href='?script={other}']")
        await expect(page.locator(f".script[lang={TAGS[other]}]")).to_contain_text(f"Palesa {family}")

        await page.click("button[value=call_again]")
        await expect(page.locator(".summary")).to_be_visible()
        await is_well(page, script=script)
        await page.fill("#note", "<b>Ring after the shift.</b>")
        await page.click("button[value=confirmed]")
        await expect(page.locator("[role=status]")).to_have_text(words["saved"])
        await expect(page.locator("main")).not_to_contain_text(family)
        await expect(page.locator("main blockquote")).to_have_attribute("lang", TAGS[other])
        await is_well(page, script=script)
        confirmed = "SELECT status, note, wording_version, call_log.language FROM member JOIN call_log ON member_id = member.id"
        [row] = await house.fetch("registry", f"{confirmed} WHERE family_name = $1", family)
        said = "SELECT DISTINCT consent.way, spoken FROM consent JOIN member ON member.id = member_id WHERE basis = 'spoken'"
        [spoken] = await house.fetch("registry", f"{said} AND family_name = $1", family)
        assert tuple(spoken) == ("call", "E, kea lumela.")
        assert tuple(row) == ("confirmed", "<b>Ring after the shift.</b>", "2020-01", other)


@pytest.mark.parametrize("language", ["en", "st"])
async def test_who_wants_to_be_erased_is_erased_from_the_desk(chromium: Browser, house: House, language: str) -> None:
    family = f"Thabane-{uuid4().hex[:6]}"
    async with visit(chromium, house) as page:
        await sign_in(page, house, language=language)
        await register(page, house, family)
        await page.goto("/staff/calls")
        await page.click(NEXT)
        await expect(page.locator("h1")).to_have_text(f"Palesa {family}")
        await page.check("#erase")
        await page.click("button[value=withdrew]")
        await expect(page.locator("h1")).to_have_text(WORDS[language]["erased"])
        await is_well(page, language=language)
        assert await house.fetch("registry", "SELECT 1 FROM member WHERE family_name = $1", family) == []
        await page.click("a[href^='/erased/']")
        await expect(page.locator("table")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "st"])
async def test_follow_up_is_planned_and_ticked_off(chromium: Browser, house: House, language: str) -> None:
    partner, saved = f"CHOIR-{uuid4().hex[:6]}", WORDS[language]["saved"]
    async with visit(chromium, house) as page:
        await sign_in(page, house, language=language)
        await page.goto(f"/staff/calls/follow-ups?partner={partner}")
        await is_well(page, language=language)
        await page.click("form[action='/staff/calls/follow-ups'] button")
        await expect(page.locator(".summary")).to_be_visible()
        await is_well(page)
        await page.fill("#about", "Bring the posters.")
        await page.fill("#due_at", "2027-04-08")
        await page.click("form[action='/staff/calls/follow-ups'] button")
        await expect(page.locator("[role=status]")).to_have_text(saved)
        row = page.locator("tbody tr", has_text=partner)
        await expect(row).to_contain_text("Bring the posters.")
        await is_well(page)
        await row.locator("button").click()
        await expect(page.locator("[role=status]")).to_have_text(saved)
        await expect(page.locator("tbody tr", has_text=partner)).to_have_count(0)
