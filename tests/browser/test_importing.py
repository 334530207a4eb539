"""What staff see when they import a sheet: with a small phone and a desk's screen, in both languages, with and without scripts."""

import csv
import io
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect

from services.gateway import staff
from services.gateway.staff import Rights
from shared.database import Database
from tests.browser.conftest import DESK, PHONE, WAIT_MS, in_view, violations
from tests.faults.house import House

if TYPE_CHECKING:
    from tests.conftest import Servers

WORDS = {
    "en": {
        "draft": "What the columns mean",
        "checked": "What the check found",
        "done": "What came of the sheet",
        "fane": "Write your family name.",
    },
    "st": {
        "draft": "Seo likholomo li se bolelang",
        "checked": "Seo tlhahlobo e se fumaneng",
        "done": "Se tsoileng lethathamong",
        "fane": "Ngola fane ea hau.",
    },
}


@pytest.fixture(scope="module")
async def house(servers: "Servers", keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """All four services."""
    async with House(tmp_path_factory.mktemp("house"), servers, keys) as house:
        yield house


async def sign_in_path(house: House) -> str:
    """Let a consultant in, and return the path of their link."""
    database = Database(f"postgresql+asyncpg://{house.settings['GATEWAY_DATABASE_URL'].partition('://')[2]}", name="tests")
    async with database.transaction() as session:
        minted = await staff.add(session, f"{uuid4().hex}@example.org", Rights("consultant", (), "IOM"))
    await database.close()
    return f"/sign-in/{minted.secret}"


def sheet() -> bytes:
    mark, file = uuid4().hex, io.StringIO()
    rows = [["Lebitso", "Fane", "Cell 2", "E-mail", "Kamore"], ["Palesa", "Mokoena", "071 000 0001", f"{mark}@example.org", "7"]]
    csv.writer(file, delimiter=";").writerows([*rows, ["<b>Tšepo</b>", "", "071 000 0002", f"{mark}-2@example.org", "8"]])
    return file.getvalue().encode("cp1252")


async def is_well(page: Page, *, script: bool) -> None:
    """Check what holds for every page: it fits, and axe-core finds nothing."""
    assert await page.locator("h1").count() == 1
    if script:
        assert await in_view(page)
        assert await violations(page) == []


@pytest.mark.parametrize(("language", "script", "size"), [("en", True, PHONE), ("st", True, DESK), ("st", False, PHONE)])
async def test_sheet_is_looked_at_checked_and_imported(
    chromium: Browser, house: House, language: str, script: bool, size: dict[str, int]
) -> None:
    words = WORDS[language]
    context = await chromium.new_context(base_url=house.url, viewport=size, java_script_enabled=script)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    try:
        await page.goto(f"{await sign_in_path(house)}?lang={language}")
        await page.click("main button")
        await page.click("a[href='/staff/imports']")
        await is_well(page, script=script)
        await page.click("main button")
        await expect(page.locator(".summary")).to_be_visible()
        await is_well(page, script=script)

        await page.set_input_files("#file", {"name": "basotho.csv", "mimeType": "text/csv", "buffer": sheet()})
        await page.click("main button")
        await expect(page.locator("h1")).to_have_text(words["draft"])
        assert [await page.input_value(f"#column_{place}") for place in range(5)] == ["given_name", "family_name", "", "email", ""]
        await is_well(page, script=script)
        await page.click("button[value=check]")
        await expect(page.locator(".summary a")).to_have_count(3)
        await is_well(page, script=script)

        await page.select_option("#column_2", "phone")
        await page.select_option("#country", "ZA")
        await page.select_option("#province", "ZA-FS")
        await page.select_option("#consent_text_version", "2020-01")
        await page.check("input[name=consent_basis][value=paper]")
        await page.click("button[value=check]")
        await expect(page.locator("h1")).to_have_text(words["checked"])
        await expect(page.locator("tbody tr")).to_have_text([f"3\nFane\n{words['fane']}".replace("\n", "")])
        await is_well(page, script=script)

        await page.click("button[value=import]")
        await expect(page.locator("h1")).to_have_text(words["done"])
        await is_well(page, script=script)
        async with page.expect_download() as download:
            await page.click("main a[href$='/rejected']")
        assert (await download.value).suggested_filename.startswith("rejected-")
    finally:
        await context.close()
