"""What a clerk sees of pairs: the queue, two side by side, merged, undone, dismissed; on a phone and a desk, in both languages."""

from uuid import UUID

import pytest
from playwright.async_api import Browser, expect

from tests.browser.pages import DESK, PHONE, is_well, sign_in, visit
from tests.e2e.test_case_07 import twins
from tests.faults.crowd import Registration
from tests.faults.house import House
from tests.waiting import wait_until

WORDS = {
    "en": {
        "merged": "They are one now.",
        "undone": "They are two again.",
        "dismissed": "Noted: these are two people.",
        "differs": "differs",
    },
    "st": {
        "merged": "Joale ke motho a le mong.",
        "undone": "Ba boetse ba ba babeli.",
        "dismissed": "Re ngotse: ke batho ba babeli.",
        "differs": "ha li tšoane",
    },
}


async def found(house: House, pair: tuple[Registration, Registration]) -> UUID:
    """Register somebody twice, and return their pair once it is found."""
    for person in pair:
        assert await house.crowd.try_once(person)

    async def there() -> UUID | None:
        rows = await house.fetch(
            "registry",
            "SELECT p.id FROM likeness_pair p JOIN member m ON m.id IN (p.one, p.other) WHERE m.submission_id = $1",
            pair[0].id,
        )
        return rows[0]["id"] if rows else None

    identifier = await wait_until(there, 20)
    assert identifier is not None
    return identifier


@pytest.mark.parametrize(
    ("language", "script", "size", "family"),
    [("en", True, PHONE, "Phafoling"), ("st", True, DESK, "Makhethang"), ("st", False, PHONE, "Seetsa")],
)
async def test_pair_is_judged_merged_undone_and_dismissed(
    chromium: Browser, house: House, language: str, script: bool, size: dict[str, int], family: str
) -> None:
    words = WORDS[language]
    pair = await found(house, twins(family, agrees=False))
    async with visit(chromium, house, size=size, script=script) as page:
        await sign_in(page, house, language=language)
        await page.click("main a[href='/staff/duplicates']")
        await expect(page.locator(f"a[href='/staff/duplicates/{pair}']")).to_be_visible()
        await is_well(page, script=script)
        await page.click(f"a[href='/staff/duplicates/{pair}']")
        await expect(page.locator("#keep")).to_be_visible()
        await is_well(page, script=script)
        row = page.locator("tr:has(#line-given_name)")
        await expect(row.locator(".tag")).to_have_text(words["differs"])
        assert await page.locator("input[name=keep]:checked").count() == 1
        await row.locator("input[type=radio]").nth(1).check()
        await page.click("button:not(.plain):not(.second)")
        await expect(page.locator("[role=status]")).to_have_text(words["merged"])
        await is_well(page, script=script)
        [member] = await house.fetch("registry", "SELECT given_name, information FROM member WHERE family_name = $1", family)
        assert (member["given_name"], member["information"]) == ("Nthabelleng", [])

        await page.goto(f"/staff/duplicates/{pair}")
        await expect(page.locator(".summary")).to_be_visible()
        await is_well(page, script=script)
        await page.click("form[action*='/merges/'] button")
        await expect(page.locator("[role=status]")).to_have_text(words["undone"])

        await page.goto(f"/staff/duplicates/{pair}")
        await page.click("button.second")
        await expect(page.locator("[role=status]")).to_have_text(words["dismissed"])
        assert await page.locator(f"a[href='/staff/duplicates/{pair}']").count() == 0
        names = await house.fetch("registry", "SELECT given_name FROM member WHERE family_name = $1 ORDER BY registered_at", family)
        assert [row["given_name"] for row in names] == ["Nthabeleng", "Nthabelleng"]
