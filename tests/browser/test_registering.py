"""What people see and do at /register: with a small phone or a desk, without scripts, by keyboard, in both languages."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.pages import DESK, PHONE, in_view, violations

ROUND_TRIP_BYTES = 14 * 1024
"""What a server sends before it waits for the first acknowledgement: the first visit's whole answer."""
THANKS = {"en": "Thank you, we have received it", "st": "Rea leboha, re e amohetse"}
ERROR = {"en": "Error: Register", "st": "Phoso: Ingolise"}
NEEDED = {"en": "Write your given name.", "st": "Ngola lebitso la hau."}
SEND = {"en": "Send my registration", "st": "Romela ngoliso ea ka"}
BOTH = pytest.mark.parametrize("language", ["en", "st"])
SIZES = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])


async def fill(page: Page) -> None:
    """Fill in what Palesa would."""
    await page.fill("#given_name", "Palesa")
    await page.fill("#family_name", "Mokoena")
    await page.select_option("#country", "ZA")
    await page.select_option("#province", "ZA-GP")
    await page.fill("#phone", "071 000 0123")
    await page.check("#whatsapp_same")
    await page.fill("#email", "palesa@example.org")
    await page.check("#interests-culture")
    await page.check("#channels-whatsapp")
    await page.check("#consent_registration")
    await page.check("#consent_information")


@BOTH
@SIZES
@pytest.mark.parametrize("script", [False, True], ids=["plain", "script"])
async def test_person_registers_from_the_first_page(open_page: Open, language: str, size: dict[str, int], script: bool) -> None:
    page = await open_page("/", size=size, script=script)
    if language == "st":
        await page.click("text=Bala leqephe lena ka Sesotho")
    await page.click(".button >> nth=0")
    await fill(page)
    async with page.expect_response("**/register*") as answered:
        await page.click("button")
    assert (await answered.value).status == 202
    await expect(page).to_have_title(f"{THANKS[language]} – Khokahano")
    await expect(page.locator("dl")).to_contain_text("+27 71 000 0123")
    assert await page.get_attribute("html", "lang") == {"en": "en", "st": "st-LS"}[language]


@BOTH
@pytest.mark.parametrize("script", [False, True], ids=["plain", "script"])
async def test_mistake_is_shown_first_and_leads_to_its_field(open_page: Open, language: str, script: bool) -> None:
    page = await open_page(f"/register?lang={language}", script=script)
    await page.fill("#family_name", "Mokoena")
    await page.check("#interests-culture")
    await page.click("button")
    await expect(page).to_have_title(f"{ERROR[language]} – Khokahano")
    summary = page.locator(".summary")
    await expect(summary).to_be_focused()
    await expect(summary).to_be_in_viewport()
    first = summary.locator("a").first
    assert await first.inner_text() == NEEDED[language]
    await first.click()
    await expect(page.locator("#given_name")).to_be_focused()
    assert await page.input_value("#family_name") == "Mokoena"
    assert await page.is_checked("#interests-culture")
    await expect(page.locator("#given_name-error")).to_contain_text(NEEDED[language])
    await fill(page)
    await page.click("button")
    await expect(page).to_have_title(f"{THANKS[language]} – Khokahano")


@BOTH
async def test_person_registers_by_keyboard_alone(open_page: Open, language: str) -> None:
    page = await open_page(f"/register?lang={language}", size=DESK)
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")

    async def tab_to(field: str) -> None:
        for _ in range(60):
            if await page.evaluate("document.activeElement.id") == field:
                return
            await page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {field}")

    for field, text in (("given_name", "Thabo"), ("family_name", "Nkoe"), ("country", "Unit"), ("phone", "+44 20 7946 0123")):
        await tab_to(field)
        await page.keyboard.type(text)
    await tab_to("interests")
    await page.keyboard.press("Space")
    await tab_to("consent_registration")
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.innerText") == SEND[language]
    country = await page.input_value("#country")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title(f"{THANKS[language]} – Khokahano")
    assert country == "GB"


async def test_person_chooses_between_two_readings_of_a_number(open_page: Open) -> None:
    page = await open_page("/register", script=False)
    await fill(page)
    await page.select_option("#country", "SZ")
    await page.select_option("#province", "")
    await page.fill("#phone", "2200 0123")
    await page.click("button")
    await expect(page.locator(".summary a")).to_have_attribute("href", "#phone_region")
    await page.get_by_label("+266 2200 0123 (Lesotho)").check()
    await page.click("button")
    await expect(page.locator("dl")).to_contain_text("+266 2200 0123")


@BOTH
async def test_choice_of_language_is_remembered(open_page: Open, language: str) -> None:
    page = await open_page(f"/?lang={language}", script=False, locale="st-LS" if language == "en" else "en-ZA")
    await page.goto("/register")
    assert await page.inner_text("button") == SEND[language]


async def test_phone_that_asks_for_sesotho_gets_it(open_page: Open) -> None:
    page = await open_page("/register", locale="st-LS")
    assert await page.inner_text("h1") == "Ingolise"


@BOTH
@SIZES
async def test_axe_finds_nothing_and_nothing_runs_off_the_side(open_page: Open, language: str, size: dict[str, int]) -> None:
    page = await open_page(f"/?lang={language}", size=size)
    found = {"first page": (await violations(page), await in_view(page))}
    for name, path in (("form", "/register"), ("nothing", "/nowhere"), ("problem", "/problems/invalid")):
        await page.goto(path)
        found[name] = (await violations(page), await in_view(page))
    await page.goto("/register")
    await page.click("summary")
    found["opened form"] = (await violations(page), await in_view(page))
    await page.click("button")
    found["mistakes"] = (await violations(page), await in_view(page))
    await fill(page)
    await page.click("button")
    found["thanks"] = (await violations(page), await in_view(page))
    assert found == dict.fromkeys(found, ([], True))


@BOTH
async def test_first_visit_is_one_request_of_one_round_trip(open_page: Open, language: str) -> None:
    page = await open_page("about:blank")
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    asked: list[str] = []
    sizes: list[float] = []
    session.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    await page.goto(f"/register?lang={language}", wait_until="networkidle")
    assert [url for url in asked if not url.startswith("data:")] == [page.url]
    assert 0 < sum(sizes) < ROUND_TRIP_BYTES
