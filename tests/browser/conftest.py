"""A real gateway process or the whole house, and Debian's Chromium to look at it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from ops.ports import free_port
from ops.services import Service
from tests.browser.pages import PHONE, WAIT_MS
from tests.faults.house import House

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
START_SECONDS = 60

Open = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="package")
def site(servers: Any, keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running gateway; nobody stands behind it, since what is submitted waits in its outbox."""
    port = free_port()
    settings = {"RABBITMQ_URL": servers.vhost(), "GATEWAY_DATABASE_URL": servers.database("gateway"), "LOG_LEVEL": "warning", **keys}
    gateway = Service("gateway", port, settings, log=tmp_path_factory.mktemp("gateway") / "gateway.log")
    gateway.start()
    try:
        gateway.wait_ready(START_SECONDS)
        yield gateway.url
    finally:
        gateway.stop()


@pytest.fixture(scope="package")
async def house(servers: Any, keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """All four services; every test brings people of its own."""
    async with House(tmp_path_factory.mktemp("house"), servers, keys) as house:
        yield house


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser; each page gets a context of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(name="open_page")
async def _open_page(chromium: Browser, site: str) -> AsyncIterator[Open]:
    """Open a path of the site in a fresh browser, which complains of nothing until the test ends."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def open_page(path: str, *, size: dict[str, int] = PHONE, script: bool = True, locale: str = "en-ZA") -> Page:
        context = await chromium.new_context(
            base_url=site,
            viewport=size,  # type: ignore[arg-type]  # A size is a dict with these keys.
            java_script_enabled=script,
            locale=locale,
        )
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message.type, message.text) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(path)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []


def _is_complaint(kind: str, text: str) -> bool:
    """Tell what the policy or the page got wrong from a status such as 422, which Chromium logs as an error, too."""
    return kind in ("error", "warning") and not re.search(r"Failed to load resource: the server responded with a status of 4\d\d", text)
