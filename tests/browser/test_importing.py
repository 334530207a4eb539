"""What staff see when they import a sheet: with a small phone and a desk's screen, in both languages, with and without scripts."""

import csv
import io
from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect

from tests.browser.pages import DESK, PHONE, is_well, sign_in, visit
from tests.faults.house import House

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


def sheet() -> bytes:
    mark, file = uuid4().hex, io.StringIO()
    rows = [["Lebitso", "Fane", "Cell 2", "E-mail", "Kamore"], ["Palesa", "Mokoena", "071 000 0001", f"{mark}@example.org", "7"]]
    csv.writer(file, delimiter=";").writerows([*rows, ["<b>Tšepo</b>", "", "071 000 0002", f"{mark}-2@example.org", "8"]])
    return file.getvalue().encode("cp1252")


@pytest.mark.parametrize(("language", "script", "size"), [("en", True, PHONE), ("st", True, DESK), ("st", False, PHONE)])
async def test_sheet_is_looked_at_checked_and_imported(
    chromium: Browser, house: House, language: str, script: bool, size: dict[str, int]
) -> None:
    words = WORDS[language]
    async with visit(chromium, house, size=size, script=script) as page:
        await sign_in(page, house, language=language)
        await page.click("main a[href='/staff/imports']")
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
