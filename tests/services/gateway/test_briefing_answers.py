"""A partner's answer to the briefing pack is heard at the door and travels as an event; a GET answers nothing."""

from uuid import uuid4

import pytest

from shared.contracts.gateway import BriefingAnswered
from tests.services.gateway.running import Gateway
from tests.services.gateway.test_answers import HTML, link
from tests.waiting import wait_until


@pytest.mark.parametrize(("answer", "said"), [("agree", "Thank you for helping"), ("decline", "Thank you for telling us")])
async def test_partner_agrees_or_declines(gateway: Gateway, answer: str, said: str) -> None:
    briefing = uuid4()
    page = await gateway.web.post(link("briefing", briefing, contact=False), data={"answer": answer}, headers=HTML)
    assert page.status_code == 202
    assert f"<h1>{said}</h1>" in page.text

    async def heard() -> list[BriefingAnswered]:
        return [each for each in await gateway.heard(BriefingAnswered) if each.briefing_id == briefing]

    [event] = await wait_until(heard)
    assert event.answer == answer


async def test_anything_else_is_no_answer(gateway: Gateway) -> None:
    before = await gateway.everything()
    assert (await gateway.web.post(link("briefing"), data={"answer": "maybe"})).status_code == 422
    assert (await gateway.web.post(link("speaker", path="briefing"), data={"answer": "agree"})).status_code == 404
    assert await gateway.everything() == before
