"""Answers by a signed link are heard at once and travel as events; forged links are all alike."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from shared.clock import now
from shared.contracts.gateway import ConsentWithdrawn, ContactConfirmed, ContactDisowned, InvitationAnswered
from shared.tokens import Purpose, mint
from tests.services.gateway.running import KEY, Gateway
from tests.waiting import wait_until

HTML = {"accept": "text/html", "accept-language": "en"}


def link(purpose: Purpose, subject: UUID | None = None, *, contact: bool = True, days: float = 1, key: str = KEY, path: str = "") -> str:
    token = mint(
        [SecretStr(key)], purpose, subject or uuid4(), contact=uuid4() if contact else None, expires_at=now() + timedelta(days=days)
    )
    return f"/{path or purpose}/{token}"


@pytest.mark.parametrize(
    ("said", "message"),
    [(None, ContactConfirmed), ({"action": "confirm"}, ContactConfirmed), ({"action": "disown"}, ContactDisowned)],
)
async def test_contact_is_confirmed_or_disowned(gateway: Gateway, said: dict[str, str] | None, message: type) -> None:
    member = uuid4()
    answer = await gateway.web.post(link("confirm", member), data=said, headers=HTML)
    assert (answer.status_code, answer.headers["content-type"]) == (202, "text/html; charset=utf-8")

    async def heard() -> bool:
        return [each.member_id for each in await gateway.heard(message)].count(member) == 1

    await wait_until(heard)


@pytest.mark.parametrize("multipart", [True, False])
async def test_one_click_unsubscribes_without_cookie_or_page(gateway: Gateway, multipart: bool) -> None:
    member = uuid4()
    body: dict[str, Any] = (
        {"files": {"List-Unsubscribe": (None, "One-Click")}} if multipart else {"data": {"List-Unsubscribe": "One-Click"}}
    )
    answer = await gateway.web.post(link("unsubscribe", member), **body)
    assert (answer.status_code, answer.json()) == (202, {"status": "received"})

    async def heard() -> bool:
        return member in [each.member_id for each in await gateway.heard(ConsentWithdrawn)]

    await wait_until(heard)


async def test_speaker_accepts_with_a_talk(gateway: Gateway) -> None:
    invitation = uuid4()
    talk = {"answer": "accept", "talk_title": "  Mohair from Quthing ", "abstract": "Line one\r\nline two", "biography": ""}
    answer = await gateway.web.post(link("speaker", invitation, contact=False), data=talk, headers=HTML)
    assert answer.status_code == 202
    assert "/needs" in answer.text

    async def heard() -> list[InvitationAnswered]:
        return [each for each in await gateway.heard(InvitationAnswered) if each.invitation_id == invitation]

    [said] = await wait_until(heard)
    assert (said.answer, said.talk_title, said.abstract, said.biography) == ("accept", "Mohair from Quthing", "Line one\nline two", None)


async def test_speaker_declines_and_no_talk_travels(gateway: Gateway) -> None:
    invitation = uuid4()
    answer = await gateway.web.post(link("speaker", invitation), json={"answer": "decline", "talk_title": "Never mind"})
    assert answer.status_code == 202

    async def heard() -> list[InvitationAnswered]:
        return [each for each in await gateway.heard(InvitationAnswered) if each.invitation_id == invitation]

    [said] = await wait_until(heard)
    assert (said.answer, said.talk_title) == ("decline", None)


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({}, ["/answer"]),
        ({"answer": "maybe"}, ["/answer"]),
        ({"answer": "accept"}, ["/talk_title"]),
        ({"answer": "accept", "talk_title": " "}, ["/talk_title"]),
        ({"answer": "accept", "talk_title": "x" * 201}, ["/talk_title"]),
        ({"answer": "accept", "talk_title": "a\r\nBcc: x@example.net"}, ["/talk_title"]),
        ({"answer": "accept", "talk_title": "Wool", "abstract": "x" * 3001, "biography": "a\x00b"}, ["/abstract", "/biography"]),
    ],
)
async def test_speaker_is_told_what_is_wrong(gateway: Gateway, fields: dict[str, str], pointers: list[str]) -> None:
    before = await gateway.everything()
    answer = await gateway.web.post(link("speaker"), data=fields)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert await gateway.everything() == before


@pytest.mark.parametrize("path", ["confirm", "unsubscribe", "speaker"])
async def test_case_27_forged_links_are_all_alike(gateway: Gateway, path: Purpose) -> None:
    good = link(path)
    forged = [
        f"/{path}/x",
        f"/{path}/{'x' * 4000}",
        good[:-1],
        good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1],
        link(path, key="another-key-that-is-long-enough-0123456789"),
        link(path, days=-1),
        link("manage", path=path),
        link("rsvp", path=path),
    ]
    answers = [await gateway.web.request(method, each) for each in forged for method in ("GET", "POST")]
    assert {(answer.status_code, answer.json()["type"], answer.json()["detail"]) for answer in answers} == {
        (404, "/problems/not-found", answers[0].json()["detail"])
    }


async def test_answer_while_the_broker_is_away_is_heard_later(gateway: Gateway) -> None:
    member = uuid4()
    gateway.broker.refuse()
    try:
        assert (await gateway.web.post(link("confirm", member))).status_code == 202
    finally:
        gateway.broker.accept()

    async def heard() -> bool:
        return member in [each.member_id for each in await gateway.heard(ContactConfirmed)]

    await wait_until(heard)


async def test_answer_while_the_database_is_away_is_503(gateway: Gateway) -> None:
    gateway.postgresql.refuse()
    try:
        answer = await gateway.web.post(link("confirm"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    finally:
        gateway.postgresql.accept()
    await wait_until(gateway.ready, 20)
