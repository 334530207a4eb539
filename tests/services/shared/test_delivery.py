"""The life of a delivery, against a real broker and a real database."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from shared.clock import new_id
from shared.consumers import Consumer
from shared.contracts.gateway import RegistrationSubmitted
from shared.dead_letters import DeadLetters
from shared.errors import Contention, Outage, Unknown
from tests.services.shared.toy import LISTENING, Toy, submitted
from tests.waiting import wait_until


async def test_message_put_is_handled_once(toy: Toy) -> None:
    async with toy.running():
        await toy.put(submitted("Palesa"), submitted("Thabo"))
        await wait_until(lambda: _saw(toy, ["Palesa", "Thabo"]))
    assert await toy.count("outbox") == 0
    assert await toy.waiting(LISTENING.queue) == 0


async def test_message_of_a_rolled_back_transaction_is_not_announced(toy: Toy) -> None:
    with pytest.raises(ZeroDivisionError):
        async with toy.database.transaction() as session:
            from shared import outbox

            outbox.put(session, submitted("Nobody"))
            raise ZeroDivisionError
    assert await toy.count("outbox") == 0


async def test_message_delivered_twice_has_one_effect(toy: Toy) -> None:
    message, identifier = submitted("Palesa"), str(new_id())
    body = message.model_dump_json().encode()
    async with toy.running():
        await toy.publish(body, message_id=identifier)
        await wait_until(lambda: _saw(toy, ["Palesa"]))
        await toy.publish(body, message_id=identifier)
        await toy.publish(submitted("Thabo").model_dump_json().encode())
        await wait_until(lambda: _saw(toy, ["Palesa", "Thabo"]))
    assert await _dead(toy) == []


@pytest.mark.parametrize(
    ("body", "kind", "message_id", "error"),
    [
        (b"not json", RegistrationSubmitted.key, None, "Malformed"),
        (b"\xff\xfe", RegistrationSubmitted.key, None, "Malformed"),
        (b'{"submission_id": "x"}', RegistrationSubmitted.key, None, "Malformed"),
        (submitted().model_dump_json().encode(), "gateway.something_else.v1", None, "Malformed"),
        (submitted().model_dump_json().encode(), RegistrationSubmitted.key, "not-a-uuid", "Malformed"),
    ],
)
async def test_malformed_message_is_dead_with_its_reason_and_blocks_nobody(
    toy: Toy, body: bytes, kind: str, message_id: str, error: str
) -> None:
    async with toy.running():
        await toy.publish(body, kind=kind, message_id=message_id)
        await toy.publish(submitted("Thabo").model_dump_json().encode())
        await wait_until(lambda: _saw(toy, ["Thabo"]))
        (letter,) = await wait_until(lambda: _dead(toy))
    assert (letter.error, letter.queue, letter.attempts) == (error, LISTENING.queue, 1)
    assert letter.reason
    assert "Palesa" not in letter.reason


async def test_mistake_keeps_its_reason_and_is_replayed_once(toy: Toy) -> None:
    mended = False

    async def decide(_: RegistrationSubmitted) -> None:
        if not mended:
            raise Unknown("no such area")

    toy.decide = decide
    async with toy.running():
        await toy.put(submitted("Palesa"))
        (letter,) = await wait_until(lambda: _dead(toy))
        assert (letter.reason, letter.error) == ("no such area", "Unknown")
        mended = True
        assert await DeadLetters(toy.rabbitmq_url).replay(lambda each: each.message_id == letter.message_id) == 1
        await wait_until(lambda: _saw(toy, ["Palesa"]))
    assert await _dead(toy) == []


async def test_contention_is_tried_again_at_once(toy: Toy) -> None:
    tries = 0

    async def decide(_: RegistrationSubmitted) -> None:
        nonlocal tries
        tries += 1
        if tries < 5:
            raise Contention("40P01")

    toy.decide = decide
    async with toy.running():
        await toy.put(submitted("Palesa"))
        await wait_until(lambda: _saw(toy, ["Palesa"]), 5)
    assert tries == 5


async def test_outage_is_waited_out_and_buries_nothing(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    away, stepped_back, step_back = True, asyncio.Event(), Consumer._step_back

    async def decide(_: RegistrationSubmitted) -> None:
        if away:
            raise Outage("the database is away")

    async def seen(consumer: Consumer, *given: Any) -> None:
        stepped_back.set()  # The database of this test can commit, so that stepping back lasts a moment only: too short to look for.
        await step_back(consumer, *given)

    monkeypatch.setattr(Consumer, "_step_back", seen)
    toy.decide, toy.settings = decide, {"consumer_timeout_seconds": 1.0}
    async with toy.running():
        await toy.put(*(submitted(f"Palesa {number:03}") for number in range(30)))
        await asyncio.wait_for(stepped_back.wait(), 10)
        away = False
        await wait_until(lambda: _saw(toy, [f"Palesa {number:03}" for number in range(30)]))
    assert await _dead(toy) == []
    assert await toy.waiting(LISTENING.queue) == 0


async def test_stop_settles_what_was_delivered_and_returns_nothing(toy: Toy) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def decide(_: RegistrationSubmitted) -> None:
        begun.set()
        await go_on.wait()

    toy.decide, toy.settings = decide, {"batch_size": 5}
    await toy.put(*(submitted(f"Palesa {number}") for number in range(40)))

    async def stop_midway() -> None:
        async with toy.running():
            await asyncio.wait_for(begun.wait(), 10)
            await wait_until(lambda: toy.is_empty("outbox"))  # So that as many are in hand as may be.
            asyncio.get_running_loop().call_later(0.2, go_on.set)

    await stop_midway()
    seen, left = len(await toy.seen()), await toy.waiting(LISTENING.queue)
    assert seen + left == 40
    assert seen >= 5
    async with toy.channel() as channel:
        queue = await channel.get_queue(LISTENING.queue)
        while (message := await queue.get(fail=False)) is not None:
            assert message.headers.get("x-delivery-count", 0) == 0
            await message.ack()


async def test_unroutable_message_is_not_forgotten_and_holds_up_nobody(toy: Toy) -> None:
    async with toy.database.transaction() as session:
        await session.execute(text("INSERT INTO outbox (id, key, body) VALUES (:id, 'registry.nobody_listens.v1', '{}')"), {"id": new_id()})
    async with toy.running():
        await toy.put(submitted("Palesa"))
        await wait_until(lambda: _saw(toy, ["Palesa"]))
        await wait_until(lambda: _attempted(toy))
    assert await toy.count("outbox") == 1


async def test_many_relays_publish_each_message_once(toy: Toy) -> None:
    await toy.put(*(submitted(f"Palesa {number:03}") for number in range(300)))
    async with toy.running(), toy.running(), toy.running():
        await wait_until(lambda: _saw(toy, [f"Palesa {number:03}" for number in range(300)]), 20)
    assert await toy.count("outbox") == 0
    assert await toy.count("inbox") == 300


async def test_correlation_id_travels_from_the_request_to_the_log_of_every_listener(toy: Toy) -> None:
    from shared import journey

    travelled: list[str | None] = []

    async def decide(message: RegistrationSubmitted) -> None:
        travelled.append(message.correlation_id)

    toy.decide = decide
    with journey.on("journey-of-palesa"):
        await toy.put(submitted("Palesa"))
    async with toy.running():
        await wait_until(lambda: travelled)
    assert travelled == ["journey-of-palesa"]


async def _saw(toy: Toy, names: list[str]) -> bool:
    return await toy.seen() == names


async def _dead(toy: Toy) -> list:
    return await DeadLetters(toy.rabbitmq_url).read()


async def _attempted(toy: Toy) -> bool:
    async with toy.database.transaction() as session:
        return bool((await session.execute(text("SELECT attempts FROM outbox"))).scalar_one())
