"""The invited person's own pages, without JavaScript, in two languages."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text

from shared.contracts.forum import SpeakerConfirmed, SpeakerDeclined
from shared.contracts.gateway import InvitationAnswered
from tests.services.forum.conftest import Forum
from tests.waiting import wait_until

FIRST = datetime(2090, 1, 15, 8, tzinfo=UTC)
NEEDS = {"travel": "bus from Welkom\r\non 6 April", "diet": "no nuts", "access": "step-free <b>way</b>", "equipment": ""}


async def page(forum: Forum, speaker: UUID, query: str = "") -> str:
    """Return the invited person's page."""
    answer = await forum.ask("GET", f"/speaker/token{query}", speaker=speaker)
    assert answer.status_code == 200
    return answer.text


async def save(forum: Forum, speaker: UUID, form: dict[str, str]) -> httpx2.Response:
    """Send the form of needs."""
    return await forum.ask("POST", "/speaker/token/needs", speaker=speaker, data=form)


async def change(forum: Forum, speaker: UUID, status: str) -> None:
    """Put an invitation into a status."""
    async with forum.database.transaction() as session:
        await session.execute(text("UPDATE invitation SET status = :status WHERE id = :id"), {"status": status, "id": speaker})


async def test_invitation_shows_who_is_invited_and_a_form_that_needs_no_script(forum: Forum) -> None:
    shown = await page(forum, await forum.invite("'Mampho <Mokoena>"))
    assert "<h1>You are invited to speak at the Diaspora Forum</h1>" in shown
    assert "Dear &#39;Mampho &lt;Mokoena&gt;," in shown
    assert '<time datetime="2090-04-12">12 April 2090</time>' in shown
    assert '<time datetime="2090-03-28">28 March 2090</time>' in shown
    assert '<form method="post" action="/speaker/token?lang=en">' in shown
    assert 'name="answer" value="accept"' in shown
    assert 'name="answer" value="decline"' in shown
    assert "<script" not in shown


async def test_invitation_is_shown_in_the_language_that_the_person_was_invited_in(forum: Forum) -> None:
    speaker = await forum.invite("Tšepo Ramatla", language="st")
    shown = await page(forum, speaker)
    assert '<html lang="st-LS">' in shown
    assert "<h1>U memeloa ho bua Sebokeng sa Basotho ba kantle ho naha</h1>" in shown
    assert "12 'Mesa 2090" in shown
    assert "<h1>You are invited" in await page(forum, speaker, "?lang=en")


@pytest.mark.parametrize(
    ("status", "heading", "form"),
    [
        ("confirmed", "Thank you: you are one of our speakers", True),
        ("waitlisted", "Thank you: all places are taken just now", True),
        ("declined", "Thank you for telling us", True),
        ("withdrawn", "This invitation has been taken back", False),
    ],
)
async def test_page_says_where_the_invitation_stands(forum: Forum, status: str, heading: str, form: bool) -> None:
    speaker = await forum.invite()
    await change(forum, speaker, status)
    shown = await page(forum, speaker)
    assert f"<h1>{heading}</h1>" in shown
    assert ("<form" in shown) is form


async def test_page_of_an_invitation_that_nobody_answered_in_time_says_so_kindly(forum: Forum) -> None:
    speaker = await forum.invite()
    async with forum.database.transaction() as session:
        await session.execute(text("UPDATE invitation SET deadline = '2020-03-25T00:00:00Z' WHERE id = :id"), {"id": speaker})
    shown = await page(forum, speaker)
    assert "<h1>The time to answer is over</h1>" in shown
    assert '<time datetime="2020-03-24">24 March 2020</time>' in shown
    assert "<form" not in shown


async def test_confirmed_speaker_sees_the_talk_and_the_way_to_the_needs(forum: Forum) -> None:
    speaker = await forum.invite()
    await forum.deliver(InvitationAnswered(invitation_id=speaker, answer="accept", talk_title="Milk & <Cheese>", at=FIRST))
    await wait_until(lambda: forum.hear(SpeakerConfirmed))
    shown = await page(forum, speaker)
    assert "<b>Milk &amp; &lt;Cheese&gt;</b>" in shown
    assert 'href="/speaker/token/needs?lang=en"' in shown


async def test_needs_are_saved_and_shown_to_the_speaker_and_to_staff(forum: Forum) -> None:
    speaker = await forum.invite()
    answer = await save(forum, speaker, NEEDS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/speaker/token/needs?saved=1&lang=en")
    shown = (await forum.ask("GET", "/speaker/token/needs?saved=1", speaker=speaker)).text
    assert '<p class="greeting" role="status">Saved.' in shown
    assert "step-free &lt;b&gt;way&lt;/b&gt;</textarea>" in shown
    assert (await forum.show(speaker))["needs"] == {
        "travel": "bus from Welkom\non 6 April",
        "diet": "no nuts",
        "access": "step-free <b>way</b>",
        "equipment": "",
    }


async def test_needs_that_are_too_long_come_back_with_what_was_typed(forum: Forum) -> None:
    speaker = await forum.invite()
    answer = await save(forum, speaker, {**NEEDS, "diet": "x" * 1001})
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    assert '<a href="#diet">Use at most 1000 characters.</a>' in answer.text
    assert "x" * 1001 in answer.text
    assert "bus from Welkom" in answer.text
    assert (await forum.show(speaker))["needs"]["travel"] == ""


async def test_needs_travel_in_no_event_and_in_no_log(forum: Forum, capfd: pytest.CaptureFixture[str]) -> None:
    speaker = await forum.invite()
    await save(forum, speaker, dict.fromkeys(NEEDS, "zamanuts"))
    await forum.deliver(InvitationAnswered(invitation_id=speaker, answer="accept", talk_title="Milk", at=FIRST))
    confirmed = await wait_until(lambda: forum.hear(SpeakerConfirmed))
    assert "zamanuts" not in str(confirmed)
    assert "zamanuts" not in "".join(capfd.readouterr())


async def test_needs_of_somebody_who_declines_are_deleted(forum: Forum) -> None:
    speaker = await forum.invite()
    await save(forum, speaker, NEEDS)
    await forum.deliver(InvitationAnswered(invitation_id=speaker, answer="decline", at=FIRST))
    await wait_until(lambda: forum.hear(SpeakerDeclined))
    assert set((await forum.show(speaker))["needs"].values()) == {""}


async def test_withdrawn_invitation_takes_no_needs(forum: Forum) -> None:
    speaker = await forum.invite()
    await change(forum, speaker, "withdrawn")
    for answer in (await save(forum, speaker, NEEDS), await forum.ask("GET", "/speaker/token/needs", speaker=speaker)):
        assert (answer.status_code, answer.headers["location"]) == (303, "/speaker/token")
    assert (await forum.show(speaker))["needs"]["diet"] == ""


async def test_page_without_a_link_or_an_invitation_is_not_found(forum: Forum) -> None:
    await forum.invite()
    for path in ("/speaker/token", "/speaker/token/needs"):
        assert (await forum.ask("GET", path, speaker=uuid4())).status_code == 404
        assert (await forum.ask("GET", path, role=None)).status_code == 404
        assert (await forum.ask("GET", path, role="admin")).status_code == 404
