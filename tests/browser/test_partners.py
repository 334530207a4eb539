"""What staff, a mission and a partner see of outreach: on a small phone, in both languages, with and without scripts."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Browser, expect
from pydantic import SecretStr

from shared.clock import now
from shared.tokens import mint
from tests.browser.pages import DESK, PHONE, is_well, sign_in, visit
from tests.faults.house import House
from tests.waiting import wait_until

PRINTED_MS = 30_000
"""How long a PDF may take, on a machine that does much else."""
WORDS = {
    "en": {
        "saved": "Saved.",
        "late": "Late",
        "done": "Done on",
        "sent": "Pack sent",
        "agreed": "Agreed to help",
        "thanks": "Thank you for helping",
    },
    "st": {
        "saved": "Ho bolokiloe.",
        "late": "E liehile",
        "done": "E entsoe ka",
        "sent": "Pokello e rometsoe",
        "agreed": "Ba lumetse ho thusa",
        "thanks": "Rea leboha ha le thusa",
    },
}


@pytest.mark.parametrize(("language", "script", "size"), [("en", True, PHONE), ("st", True, DESK), ("st", False, PHONE)])
async def test_partner_is_entered_briefed_and_agrees(
    chromium: Browser, house: House, language: str, script: bool, size: dict[str, int]
) -> None:
    words, name = WORDS[language], f"Kereke ea {language} {script}"
    async with visit(chromium, house, size=size, script=script) as page:
        await sign_in(page, house, language=language)
        await page.click("nav.desk a[href='/staff/partners']")
        await is_well(page, script=script, language=language)
        await page.click("a[href='/staff/partners/new']")
        await page.wait_for_url("**/new")
        await is_well(page, script=script)
        await page.click("main form button")
        await expect(page.locator(".summary")).to_be_visible()
        await is_well(page, script=script)
        await page.fill("#name", name)
        await page.select_option("#kind", "church")
        await page.check("input[name=areas][value=ZA-FS]")
        await page.fill("#other_areas", "be")
        await page.fill("#contact_email", "moruti@example.org")
        await page.click("main form button")
        await expect(page.locator("[role=status]")).to_have_text(words["saved"])
        await expect(page.locator("h1")).to_have_text(name)
        await is_well(page, script=script)
        assert await page.evaluate("document.querySelector('main img').naturalWidth") > 0 if script else True
        place = page.url.partition("?")[0]

        files = (("/qr.png", "png"), ("/poster.pdf?language=st", "pdf"), ("/pack.pdf?language=en", "pdf"))
        for path, kind in files if language == "en" else ():
            async with page.expect_download(timeout=PRINTED_MS) as download:
                await page.click(f"main a[href$='{path}']", no_wait_after=True)
            assert (await download.value).suggested_filename.endswith(f".{kind}")

        await page.fill("#what", "Announce it on Sunday")
        await page.fill("#due_on", "2020-02-02")
        await page.click("form[action$='/promises'] button")
        await expect(page.locator(".tag.bad")).to_contain_text(words["late"])
        await is_well(page, script=script)
        await page.click("form[action*='/promises/'] button")
        await expect(page.locator(".tag.good")).to_contain_text(words["done"])
        await page.click("form[action$='/briefings'] button")
        await expect(page.locator("main")).to_contain_text(words["sent"])

        [[briefing_id]] = await house.fetch("registry", "SELECT id FROM briefing WHERE partner_id = $1", UUID(place.rpartition("/")[2]))
        link = mint([SecretStr(house.settings["LINK_KEYS"])], "briefing", briefing_id, expires_at=now() + timedelta(days=1))
        await page.goto(f"/briefing/{link}?lang={language}")
        await is_well(page, script=script, language=language)
        await page.click("button[value=agree]")
        await expect(page.locator("h1")).to_have_text(words["thanks"])

        async def agreed() -> bool:
            await page.goto(place)
            return words["agreed"] in await page.inner_text("main")

        await wait_until(agreed)


async def test_who_comes_by_a_partners_link_is_counted_for_it(chromium: Browser, house: House) -> None:
    async with visit(chromium, house, script=False) as page:
        await sign_in(page, house)
        await page.goto("/staff/partners?q=LS-C-WELKOM")
        await page.click("main tbody a")
        link = await page.get_attribute("main dd a[href*='partner=']", "href")
        assert link is not None
        assert link.startswith(house.url)
        await page.goto(link)
        assert await page.input_value("#partner_code") == "LS-C-WELKOM"
        for field, typed in (("given_name", "Mosa"), ("family_name", "Likotsi"), ("email", "mosa.likotsi@example.org")):
            await page.fill(f"#{field}", typed)
        await page.select_option("#country", "ZA")
        await page.select_option("#province", "ZA-FS")
        await page.check("#consent_registration")
        await page.click("main form button")
        await expect(page.locator("h1")).not_to_have_text(re.compile("^Register"))

        async def counted() -> bool:
            await page.goto("/staff/partners?q=LS-C-WELKOM")
            return await page.inner_text("main tbody td.number >> nth=0") == "1"

        await wait_until(counted)


@pytest.mark.parametrize(("role", "leads", "small"), [("mission", 1, True), ("viewer", 0, True)])
async def test_outsiders_see_no_small_number(chromium: Browser, house: House, role: str, leads: int, small: bool) -> None:
    async with visit(chromium, house) as page:
        await sign_in(page, house, role=role, areas=["ZA-FS", "ZA-NC"], organisation="Consulate in Welkom")  # type: ignore[arg-type]
        await page.goto("/staff/partners?q=consulate+in+welkom")
        await is_well(page)
        assert await page.locator("main tbody a").count() == leads
        assert ("< 5" in await page.inner_text("main tbody")) is small
        assert await page.locator("a[href='/staff/partners/new']").count() == 0


async def test_key_person_is_entered_told_and_let_go(chromium: Browser, house: House) -> None:
    async with visit(chromium, house, size=PHONE) as page:
        await sign_in(page, house, language="st")
        await page.click("nav.desk a[href='/staff/key-people']")
        await is_well(page, language="st")
        await page.click("main form[action='/staff/key-people'] button")
        await expect(page.locator(".summary li")).to_have_count(4)
        await is_well(page)
        for field, typed in (
            ("name", "Thabo Mokoena"),
            ("source", "khoaere ea Welkom"),
            ("reason", "o rekisa mohair"),
            ("phone", "+266 5000 0123"),
        ):
            await page.fill(f"#{field}", typed)
        await page.click("main form[action='/staff/key-people'] button")
        await expect(page.locator("main li")).to_contain_text("Lebitso la hau re le fumane ho khoaere ea Welkom")
        await is_well(page)
        await page.click("button[value=yes]")
        await expect(page.locator("main .tag.good")).to_have_text("O itse e")
        await page.click("button[value=no]")
        await expect(page.locator("main li")).to_have_count(0)
