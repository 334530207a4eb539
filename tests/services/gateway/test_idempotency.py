"""The same key and body get the same answer and one registration, whoever wins; the same key with another body is refused."""

import asyncio
from uuid import uuid4

import httpx2
import pytest

from services.gateway.forgetting import OVERDUE
from tests.services.gateway.running import REGISTRATIONS, Gateway, application, registration, served
from tests.waiting import wait_until


async def test_same_key_and_body_is_one_registration(gateway: Gateway) -> None:
    body, key = registration(), uuid4().hex
    answers = [await gateway.register(body, key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({(answer.text, answer.headers["location"]) for answer in answers}) == 1
    assert await gateway.announced(answers[0].json()["id"]) == 1


async def test_same_key_with_another_body_is_a_conflict(gateway: Gateway) -> None:
    key = uuid4().hex
    assert (await gateway.register(key=key)).status_code == 202
    before = await gateway.everything()
    other = await gateway.register(key=key)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/conflict")
    assert (await gateway.everything())[:2] == before[:2]


async def test_same_body_without_a_key_is_two_submissions(gateway: Gateway) -> None:
    body = registration()
    assert (await gateway.register(body)).json()["id"] != (await gateway.register(body)).json()["id"]


async def test_race_of_one_key_between_two_copies_is_one_registration(gateway: Gateway, settings: dict[str, str]) -> None:
    async with served(application(settings)) as url, httpx2.AsyncClient(base_url=url, timeout=20) as other:
        for _ in range(5):
            body, headers = registration(), {"idempotency-key": uuid4().hex}
            posts = [web.post(REGISTRATIONS, json=body, headers=headers) for _ in range(10) for web in (gateway.web, other)]
            answers = await asyncio.gather(*posts)
            assert {answer.status_code for answer in answers} == {202}
            assert len({answer.json()["id"] for answer in answers}) == 1
            assert await gateway.announced(answers[0].json()["id"]) == 1
            assert await gateway.rows("SELECT count(*) FROM submission WHERE event LIKE :like", like=f"%{body['email']}%") == [(1,)]


async def test_race_of_two_bodies_for_one_key_has_one_winner(gateway: Gateway) -> None:
    key = uuid4().hex
    answers = await asyncio.gather(*(gateway.register(registration(), key) for _ in range(20)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(202), statuses.count(409)) == (1, 19)


async def test_many_keys_in_any_order_do_not_deadlock(gateway: Gateway) -> None:
    bodies = {uuid4().hex: registration() for _ in range(60)}
    twice = [*bodies.items(), *reversed(bodies.items())]
    answers = await asyncio.gather(*(gateway.register(body, key) for key, body in twice))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 60


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "a\tb"])
async def test_key_that_is_none_is_refused(gateway: Gateway, key: str) -> None:
    before = await gateway.everything()
    answer = await gateway.web.post(REGISTRATIONS, json=registration(), headers={"idempotency-key": key.encode()})
    assert answer.status_code == 422
    assert await gateway.everything() == before


@pytest.mark.parametrize("key", ["x" * 255, "~", '"quoted", or not'])
async def test_key_of_any_printable_ascii_is_taken(gateway: Gateway, key: str) -> None:
    assert (await gateway.register(key=key)).status_code == 202


async def test_key_is_forgotten_after_a_day(gateway: Gateway) -> None:
    key = uuid4().hex
    first = (await gateway.register(key=key)).json()["id"]
    await gateway.do("UPDATE idempotency_key SET at = now() - interval '24 hours 1 second' WHERE key = :key", key=key)
    second = await gateway.register(key=key)
    assert second.status_code == 202
    assert second.json()["id"] != first


async def test_old_keys_are_swept_away(gateway: Gateway) -> None:
    key = uuid4().hex
    await gateway.register(key=key)
    await gateway.do("UPDATE idempotency_key SET at = now() - interval '2 days' WHERE key = :key", key=key)
    for statement in OVERDUE:
        await gateway.do(statement, most=1000)

    async def gone() -> bool:
        return not await gateway.rows("SELECT 1 FROM idempotency_key WHERE key = :key", key=key)

    await wait_until(gone)
