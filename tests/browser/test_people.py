"""What staff see and do with people: by phone and desk, in both languages, with and without scripts, and by keyboard alone."""

import re
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.pages import DESK, PHONE, is_well, joined, sign_in, visit
from tests.faults.house import House

WORDS = {
    "en": {
        "people": "People",
        "saved": "Saved.",
        "error": "Error:",
        "recorded": "Recorded",
        "erased": "Erased",
        "confirmed": "The number is",
        "added": "Added.",
        "removed": "Removed.",
    },
    "st": {
        "people": "Batho",
        "saved": "Ho bolokiloe.",
        "error": "Phoso:",
        "recorded": "Ho ngotsoe",
        "erased": "hlakotsoe",
        "confirmed": "Nomoro e",
        "added": "E kentsoe.",
        "removed": "E tlositsoe.",
    },
}
AGREED = {"registration": True, "information": True, "sharing": True}
TABS_MOST = 60
WAYS = pytest.mark.parametrize(("language", "script", "size"), [("en", True, PHONE), ("st", True, DESK), ("st", False, PHONE)])


async def somebody(house: House, number: int, name: str) -> UUID:
    """Register somebody of this name, with all ways to be reached."""
    return await joined(
        house, number, crowd="people", given_name="Lerato", family_name=name, phone=f"+2771000{7000 + number}", channels=["email"],
        country="ZA", province="ZA-FS", city="Welkom", interests=["trade"], consent=AGREED,
    )  # fmt: skip


@WAYS
async def test_person_is_found_and_corrected(chromium: Browser, house: House, language: str, script: bool, size: dict[str, int]) -> None:
    words, name = WORDS[language], {PHONE["width"]: "Seeiso", DESK["width"]: "Molapo"}[size["width"]] + ("" if script else "ne")
    member_id = await somebody(house, len(name) + 10 * script, name)
    here = f"/staff/members/{member_id}"
    async with visit(chromium, house, size=size, script=script) as page:
        await sign_in(page, house, language=language)
        await page.click(".desk a[href='/staff/members']")
        await expect(page.locator("h1")).to_have_text(words["people"])
        await page.fill("#q", name)
        await page.click("form[role=search] button >> nth=0")
        await is_well(page, script=script, language=language)
        await page.click(f"main a[href='{here}']")
        await expect(page.locator("h1")).to_contain_text(f"Lerato {name}")
        await is_well(page, script=script)

        await page.click(f"a[href='{here}/correct']")
        await is_well(page, script=script)
        await page.fill("#given_name", "")
        await page.fill("#city", "Virginia")
        await page.click("main button")
        await expect(page).to_have_title(re.compile(f"^{words['error']}"))
        assert await page.input_value("#city") == "Virginia"
        await is_well(page, script=script)
        await page.fill("#given_name", "Palesa")
        await page.click("main button")
        await expect(page.locator("main [role=status]")).to_have_text(words["saved"])
        await expect(page.locator("main")).to_contain_text("Virginia")


@WAYS
async def test_person_is_heard_confirmed_and_erased(
    chromium: Browser, house: House, language: str, script: bool, size: dict[str, int]
) -> None:
    words = WORDS[language]
    here = f"/staff/members/{await somebody(house, 20 + size['width'] % 7 + script, 'Ramaema')}"
    async with visit(chromium, house, size=size, script=script) as page:
        await sign_in(page, house, language=language)
        await page.goto(here)
        await page.click(f"a[href='{here}/consent']")
        await page.select_option("#what", "sharing")
        await page.check("input[name=answer][value=withdrawn]")
        await page.check("input[name=way][value=call]")
        await is_well(page, script=script)
        await page.click("main button")
        await expect(page.locator("h1")).to_have_text(words["recorded"])
        await is_well(page, script=script)
        await page.click("main a.button")

        await page.click(f"a[href^='{here}/confirm/'] >> nth=0")
        await is_well(page, script=script)
        await page.click("main button")
        await expect(page.locator("main [role=status]")).to_contain_text(words["confirmed"])
        await is_well(page, script=script)

        await page.click(f"a[href='{here}/erase']")
        await page.click("main button")
        await expect(page).to_have_title(re.compile(f"^{words['error']}"))
        await is_well(page, script=script)
        await page.check("#sure")
        await page.click("main button")
        await expect(page.locator("h1")).to_contain_text(words["erased"])
        await is_well(page, script=script)


@WAYS
async def test_persons_number_is_added_and_the_old_one_removed(
    chromium: Browser, house: House, language: str, script: bool, size: dict[str, int]
) -> None:
    words, place = WORDS[language], 60 + size["width"] % 7 + script
    here, new = f"/staff/members/{await somebody(house, place, 'Mahao')}", f"+2771000{8000 + place}"
    async with visit(chromium, house, size=size, script=script) as page:
        await sign_in(page, house, language=language)
        await page.goto(here)
        await page.click(f"a[href='{here}/contacts']")
        await is_well(page, script=script, language=language)
        await page.fill("#value", new)
        await page.click("main button")
        await expect(page).to_have_title(re.compile(f"^{words['error']}"))
        assert await page.input_value("#value") == new
        await is_well(page, script=script)
        await page.select_option("#kind", "phone")
        await page.check("input[name=asked][value=call]")
        await page.click("main button")
        await expect(page.locator("main [role=status]")).to_contain_text(words["added"])
        await expect(page.locator("main")).to_contain_text(new)
        await is_well(page, script=script)

        await page.locator("main li", has_text=f"+2771000{7000 + place}").locator("a[href$='/remove']").click()
        await is_well(page, script=script, language=language)
        await page.check("input[name=asked][value=call]")
        await page.click("main button")
        await expect(page.locator("main [role=status]")).to_contain_text(words["removed"])
        await expect(page.locator("section[aria-labelledby=reached]")).not_to_contain_text(f"+2771000{7000 + place}")
        await is_well(page, script=script)


@pytest.mark.parametrize("language", ["en", "st"])
async def test_slower_clerk_sees_what_changed_and_loses_nothing(chromium: Browser, house: House, language: str) -> None:
    member_id = await somebody(house, 30 if language == "en" else 31, "Nthako")
    async with visit(chromium, house) as slow, visit(chromium, house, script=False) as quick:
        for page, city in ((slow, "Kroonstad"), (quick, "Virginia")):
            await sign_in(page, house, language=language)
            await page.goto(f"/staff/members/{member_id}/correct")
            await page.fill("#city", city)
        await quick.click("main button")
        await expect(quick.locator("main [role=status]")).to_have_text(WORDS[language]["saved"])
        async with slow.expect_response(lambda answer: answer.request.method == "POST") as answered:
            await slow.click("main button")
        assert (await answered.value).status == 409
        await expect(slow.locator(".summary")).to_be_focused()
        await expect(slow.locator("main table")).to_contain_text("Virginia")
        assert await slow.input_value("#city") == "Kroonstad"
        await is_well(slow, language=language)
        await slow.click("main button")
        await expect(slow.locator("main [role=status]")).to_have_text(WORDS[language]["saved"])


@pytest.mark.parametrize("language", ["en", "st"])
async def test_filters_are_saved_as_a_view_and_people_taken_out_for_a_reason(chromium: Browser, house: House, language: str) -> None:
    await somebody(house, 40 if language == "en" else 41, "Letlatsa")
    async with visit(chromium, house) as page:
        await sign_in(page, house, language=language, organisation=f"Office {language}")
        await page.goto("/staff/members")
        await page.click("summary")
        await page.fill("#country", "Nowhere")
        await page.click("details button")
        await expect(page.locator(".summary")).to_be_focused()
        await is_well(page, language=language)
        await page.fill("#country", "ZA")
        await page.select_option("#province", "ZA-FS")
        await page.click("details button")
        await page.click("main a[href^='/staff/members/views?']")
        await page.fill("#name", "Free State")
        await is_well(page, language=language)
        await page.click("main form:has(#name) button")
        await expect(page.locator("main .tools >> nth=0")).to_contain_text("Free State")
        await page.click("main a[href='/staff/members/views']")
        await is_well(page, language=language)

        await page.goto("/staff/members?province=ZA-FS")
        await page.click("main a[href^='/staff/members/export']")
        await page.click("main form:has(#reason) button")
        await expect(page).to_have_title(re.compile(f"^{WORDS[language]['error']}"))
        await is_well(page, language=language)
        await page.fill("#reason", "Invitation to the forum")
        async with page.expect_download() as taken:
            await page.click("main form:has(#reason) button")
        assert (await taken.value).suggested_filename == "members.csv"


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus."""
    for _ in range(TABS_MOST):
        await page.keyboard.press("Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


async def test_person_is_found_and_corrected_by_keyboard_alone(chromium: Browser, house: House) -> None:
    member_id = await somebody(house, 50, "Khaketla")
    here = f"/staff/members/{member_id}"
    async with visit(chromium, house, size=DESK) as page:
        await sign_in(page, house)
        await tab_to(page, ".desk a[href='/staff/members']")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/staff/members")
        await tab_to(page, ".skip")
        await page.keyboard.press("Enter")
        await tab_to(page, "#q")
        await page.keyboard.type("Khaketla")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**q=Khaketla**")
        await tab_to(page, f"a[href='{here}']")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{here}")
        await tab_to(page, f"a[href='{here}/correct']")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{here}/correct")
        await tab_to(page, "#city")
        await page.keyboard.press("Control+a")
        await page.keyboard.type("Virginia")
        await page.keyboard.press("Enter")
        await expect(page.locator("main [role=status]")).to_have_text("Saved.")
        await expect(page.locator("main")).to_contain_text("Virginia")
