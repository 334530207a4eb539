"""Printing is bounded: one at a time, the same once, and whoever comes when too many wait is told to come back."""

import asyncio

import pytest

from services.registry.outreach import printing
from services.registry.outreach.printing import MOST_KEPT, MOST_WAITING, Printer
from shared.errors import Unavailable


class Press:
    """Stands for the other process."""

    def __init__(self) -> None:
        self.set, self.at_once, self.most = [], 0, 0
        self.go_on = asyncio.Event()

    async def __call__(self, page: str) -> bytes:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.go_on.wait()
        self.at_once -= 1
        self.set.append(page)
        return b"%PDF-" + page.encode()


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Press:
    press = Press()
    monkeypatch.setattr(printing, "_typeset", press)
    return press


async def test_one_is_set_at_a_time_and_the_same_page_once(press: Press) -> None:
    printer = Printer()
    press.go_on.set()
    made = await asyncio.gather(*(printer.print(page) for page in ("a", "b", "a", "a")))
    assert made == [b"%PDF-a", b"%PDF-b", b"%PDF-a", b"%PDF-a"]
    assert (press.set, press.most) == (["a", "b"], 1)


async def test_who_comes_when_too_many_wait_is_told_to_come_back(press: Press) -> None:
    printer = Printer()
    waiting = [asyncio.ensure_future(printer.print(str(number))) for number in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await printer.print("one too many")
    assert refused.value.retry_after_seconds
    press.go_on.set()
    assert len(await asyncio.gather(*waiting)) == MOST_WAITING
    assert await printer.print("one too many") == b"%PDF-one too many"


async def test_only_the_last_are_kept(press: Press) -> None:
    printer = Printer()
    press.go_on.set()
    for number in range(MOST_KEPT + 1):
        await printer.print(str(number))
    await printer.print("1")
    await printer.print("0")
    assert press.set[MOST_KEPT + 1 :] == ["0"]


async def test_process_that_sets_nothing_is_trouble_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "MODULE", "this")
    with pytest.raises(Unavailable):
        await Printer().print("<p>page</p>")


async def test_page_is_set_by_another_process() -> None:
    assert (await Printer().print("<!doctype html><title>t</title><p>page")).startswith(b"%PDF-")
