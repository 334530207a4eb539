"""One message that can never be handled among a hundred that can, and dead queues that cannot be reached."""

from time import monotonic

import pytest

from shared.contracts.gateway import RegistrationSubmitted
from shared.dead_letters import DeadLetters
from shared.errors import Unknown
from tests.faults.proxy import DOWN, UP, Proxy
from tests.services.shared.toy import LISTENING, Toy, submitted
from tests.waiting import wait_until

POISON = "Palesa 0050"
DEAD_SECONDS = 5


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [(Unknown("no such area"), "Unknown", "no such area"), (KeyError("area"), "KeyError", "unexpected: see the log")],
)
async def test_case_10_poison_among_a_hundred_is_dead_alone(toy: Toy, batch: int, error: Exception, kind: str, reason: str) -> None:
    mended = False

    async def decide(message: RegistrationSubmitted) -> None:
        if message.given_name == POISON and not mended:
            raise error

    toy.decide, toy.settings = decide, {"batch_size": batch}
    names = await toy.put_people(100)
    began = monotonic()
    async with toy.running():
        (letter,) = await wait_until(toy.dead, DEAD_SECONDS)
        await wait_until(lambda: _saw(toy, [name for name in names if name != POISON]), DEAD_SECONDS)
        assert monotonic() - began < DEAD_SECONDS
        assert (letter.error, letter.reason, letter.queue, letter.attempts) == (kind, reason, LISTENING.queue, 1)
        mended = True
        assert await DeadLetters(toy.rabbitmq_url).replay(lambda each: each.message_id == letter.message_id) == 1
        await toy.handled(names)
    assert await toy.count("inbox") == 100
    assert await toy.waiting(LISTENING.queue) == 0


async def test_case_10_poison_that_the_database_refuses_is_dead_alone(toy: Toy) -> None:
    """What the database refuses ends the transaction that all hundred share."""
    names = [f"Palesa {count:04}" for count in range(99)]
    await toy.put(*map(submitted, [*names[:50], "Palesa \0", *names[50:]]))
    async with toy.running():
        (letter,) = await wait_until(toy.dead, DEAD_SECONDS)
        await wait_until(lambda: _saw(toy, names), DEAD_SECONDS)
    assert (letter.queue, letter.reason) == (LISTENING.queue, "unexpected: see the log")


async def test_case_10_replay_before_the_fix_is_dead_again_and_nothing_else(toy: Toy) -> None:
    async def decide(_: RegistrationSubmitted) -> None:
        raise Unknown("no such area")

    toy.decide = decide
    await toy.put_people(1)
    async with toy.running():
        (first,) = await wait_until(toy.dead)
        assert await DeadLetters(toy.rabbitmq_url).replay(lambda _: True) == 1
        (second,) = await wait_until(lambda: _buried_after(toy, first.buried_at))
    assert second.message_id == first.message_id
    assert await toy.seen() == []


@pytest.mark.parametrize("batch", [1, 100])
async def test_dead_letter_that_could_not_be_published_is_not_lost(toy: Toy, broker_proxy: Proxy, batch: int) -> None:
    """The broker goes away between the publish to the dead queue and its confirm: at most one letter comes twice."""
    names = await toy.put_people(100)
    direct = toy.rabbitmq_url

    async def decide(message: RegistrationSubmitted) -> None:
        if message.given_name == POISON:
            raise Unknown("no such area")

    toy.decide, toy.settings = decide, {"batch_size": batch, "rabbitmq_url": toy.broker_through(broker_proxy.port)}
    confirm = broker_proxy.hold(DOWN, after=[LISTENING.dead_queue, "no such area"], seen=UP)
    async with toy.running() as messaging:
        await confirm.moment()
        broker_proxy.refuse()
        await wait_until(messaging.missing)
        broker_proxy.accept()
        await wait_until(lambda: _saw(toy, [name for name in names if name != POISON]))
        await wait_until(lambda: _is_empty(toy))
    letters = await DeadLetters(direct).read()
    assert 1 <= len(letters) <= 2
    assert len({letter.message_id for letter in letters}) == 1


async def _saw(toy: Toy, names: list[str]) -> bool:
    return await toy.seen() == names


async def _is_empty(toy: Toy) -> bool:
    return await toy.waiting(LISTENING.queue) == 0 and await toy.count("outbox") == 0


async def _buried_after(toy: Toy, moment: str) -> list:
    return [letter for letter in await toy.dead() if letter.buried_at > moment]
