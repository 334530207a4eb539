"""Whatever the order, the number of copies and the number of consumers: one effect a message."""

import asyncio
import os
import random

import aio_pika
import pytest

from shared.clock import new_id
from shared.contracts.gateway import RegistrationSubmitted
from shared.errors import Contention, Unknown
from shared.topology import EXCHANGE
from tests.services.shared.toy import LISTENING, Toy, submitted
from tests.waiting import wait_until

MESSAGES = 300
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1,2,3").split(",")]


@pytest.mark.parametrize("seed", SEEDS)
async def test_shuffled_and_repeated_deliveries_have_one_effect_each(toy: Toy, seed: int) -> None:
    """Each message comes one to three times, in any order, to two processes' consumers; some are poison, some meet contention."""
    chance = random.Random(seed)
    names = [f"Palesa {count:04}" for count in range(MESSAGES)]
    poison = set(chance.sample(names, 5))
    contended = set(chance.sample(names, 20))

    async def decide(message: RegistrationSubmitted) -> None:
        if message.given_name in poison:
            raise Unknown("no such area")
        if message.given_name in contended:
            contended.discard(message.given_name)
            raise Contention("40P01")
        if chance.random() < 0.05:
            await asyncio.sleep(chance.random() / 100)

    copies = [
        (str(identifier), submitted(name).model_dump_json().encode())
        for name in names
        for identifier in [new_id()]
        for _ in range(chance.randint(1, 3))
    ]
    chance.shuffle(copies)
    toy.decide, toy.settings = decide, {"batch_size": chance.choice([1, 7, 100])}
    async with toy.running(), toy.running():
        await _publish(toy, copies)
        await wait_until(lambda: _done(toy, MESSAGES - len(poison)), 15)
    assert await toy.seen() == sorted(set(names) - poison)
    assert {letter.error for letter in await toy.dead()} == {"Unknown"}
    assert len({letter.message_id for letter in await toy.dead()}) == len(poison)
    assert await toy.count("inbox") == MESSAGES - len(poison)


async def _publish(toy: Toy, copies: list[tuple[str, bytes]]) -> None:
    async with toy.channel() as channel:
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        for identifier, body in copies:
            message = aio_pika.Message(body, message_id=identifier, type=RegistrationSubmitted.key, delivery_mode=2)
            await exchange.publish(message, RegistrationSubmitted.key)


async def _done(toy: Toy, number: int) -> bool:
    return await toy.count("seen") == number and await toy.waiting(LISTENING.queue) == 0
