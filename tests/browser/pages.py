"""What every test in the browser does with pages: opens them, signs in as somebody of the staff, and sees that they are well.

async with visit(chromium, house, size=PHONE, script=False) as page:
    await sign_in(page, house, role="consultant", language="st")
    await page.goto("/staff/calls")
    await is_well(page, script=False)
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from playwright.async_api import Browser, Page, expect

from services.gateway import staff
from services.gateway.staff import Rights
from shared.database import Database
from shared.identity import Role
from shared.web.language import TAGS
from tests.faults.crowd import registration
from tests.faults.house import House
from tests.waiting import wait_until

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
WAIT_MS = 10_000
"""How long a browser step may take."""
PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 900}


@asynccontextmanager
async def visit(chromium: Browser, house: House, *, size: dict[str, int] = PHONE, script: bool = True) -> AsyncIterator[Page]:
    """Open a browser of its own for the house's pages."""
    context = await chromium.new_context(
        base_url=house.url,
        viewport=size,  # type: ignore[arg-type]  # A size is a dict with these keys.
        java_script_enabled=script,
    )
    context.set_default_timeout(WAIT_MS)
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def sign_in(
    page: Page, house: House, *, role: Role = "consultant", areas: Sequence[str] = (), organisation: str = "IOM", language: str = "en"
) -> None:
    """Sign in as somebody new, and stand on the page that they are led to."""
    database = Database(f"postgresql+asyncpg://{house.settings['GATEWAY_DATABASE_URL'].partition('://')[2]}", name="tests")
    async with database.transaction() as session:
        minted = await staff.add(session, f"{uuid4().hex[:12]}@example.org", Rights(role, tuple(areas), organisation))
    await database.close()
    await page.goto(f"/sign-in/{minted.secret}?lang={language}")
    await page.click("main button")
    await expect(page.locator(".who")).to_be_visible()


async def joined(house: House, number: int, *, crowd: str = "browsing", **fields: Any) -> UUID:
    """Register somebody, and return the member's id."""
    person = registration(number, crowd=crowd, **{"given_name": "Palesa", **fields})
    assert await house.crowd.try_once(person)

    async def found() -> list[Any]:
        return await house.fetch("registry", "SELECT id FROM member WHERE submission_id = $1", person.id)

    [[member_id]] = await wait_until(found)
    return UUID(str(member_id))


async def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong, each with where."""
    await page.evaluate(AXE)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]


TOO_WIDE = """[...document.querySelectorAll("body *")].filter(each => each.getBoundingClientRect().right > window.innerWidth)
    .map(each => each.outerHTML.slice(0, 120))"""


async def in_view(page: Page) -> bool:
    """Tell whether the page needs no scrolling sideways."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


async def is_well(page: Page, *, script: bool = True, language: str = "") -> None:
    """Check what holds for every page: it has one heading and says its language; it fits, and axe-core finds nothing."""
    await page.wait_for_load_state()  # Its style, too: without it hardly anything fits.
    await expect(page.locator("h1")).to_have_count(1)
    if language:
        assert await page.get_attribute("html", "lang") == TAGS[language]
    if script:
        assert await in_view(page), (page.url, await page.evaluate(TOO_WIDE))
        assert await violations(page) == [], page.url
