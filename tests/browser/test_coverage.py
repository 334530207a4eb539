"""What staff and outsiders see of the numbers: pictures that say the same as the tables, on a phone and at a desk, in both languages."""

import gzip

import pytest
from playwright.async_api import Browser, expect

from shared.identity import Role
from tests.browser.pages import DESK, PHONE, is_well, joined, sign_in, visit
from tests.faults.house import House

WORDS = {
    "en": {"title": "Coverage", "grew": "How the numbers grew: Gauteng", "stale": "The target is 77 now", "number": "Use a whole number."},
    "st": {"title": "Phihlello libakeng", "grew": "Kamoo lipalo li holileng kateng: Khauteng", "stale": "77", "number": "Sebelisa"},
}


@pytest.mark.parametrize(("language", "script", "size"), [("en", True, PHONE), ("st", True, DESK), ("st", False, PHONE)])
async def test_staff_look_at_the_numbers_and_set_a_target(
    chromium: Browser, house: House, language: str, script: bool, size: dict[str, int]
) -> None:
    words = WORDS[language]
    await joined(house, 1, crowd=f"numbers.{language}.{script}")
    async with visit(chromium, house, size=size, script=script) as page:
        await sign_in(page, house, language=language)
        await page.click("nav.desk a[href='/staff/coverage']")
        await expect(page.locator("h1")).to_have_text(words["title"])
        await is_well(page, script=script, language=language)
        assert await page.locator("svg[role=img]").count() == 5
        assert len(gzip.compress((await page.content()).encode())) < 30_000
        shown = await page.locator("svg desc").all_text_contents()
        assert [each.count(" %") + each.count("\u00a0%") for each in shown[:4]] == [9, 4, 6, 10]

        await page.select_option("#area", "ZA-GP")
        await page.click("form[action='/staff/coverage#growth'] button")
        await expect(page.locator("#growth")).to_have_text(words["grew"])
        await is_well(page, script=script)
        target = page.locator("#target-form")
        for typed, expected in [("7.5", words["number"]), ("77", "")]:
            if not await page.is_visible("#target"):
                await target.locator("summary").click()
            await page.fill("#target", typed)
            await page.fill("#by", "2040-12-31")
            await target.locator("button").click()
            if expected:
                await expect(page.locator(".summary")).to_contain_text(expected)
                await is_well(page, script=script)
        await expect(page.locator("#growth")).to_have_text(words["grew"])
        await expect(page.locator("main")).to_contain_text("2040-12-31")


@pytest.mark.parametrize(
    ("role", "areas", "pictures", "rows"), [("viewer", (), 5, 20), ("mission", ("GB", "IE"), 3, 2), ("mission", ("BE",), 1, 1)]
)
async def test_outsiders_see_their_areas_and_no_form(
    chromium: Browser, house: House, role: Role, areas: tuple[str, ...], pictures: int, rows: int
) -> None:
    async with visit(chromium, house, size=PHONE) as page:
        await sign_in(page, house, role=role, areas=areas)
        await page.goto("/staff/coverage")
        await is_well(page)
        assert await page.locator("svg[role=img]").count() == pictures
        assert await page.locator("table.cards tbody tr").count() == rows
        assert await page.locator("#target-form").count() == 0
