"""What a transaction queues goes to its own process's sender without being claimed again; and what becomes of it if that dies."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from services.notifier import handover
from services.notifier.deliveries import Claimed, Lease
from services.notifier.queueing import Mail, queue
from shared.clock import new_id
from tests.services.notifier.conftest import Mouth, address, member
from tests.waiting import wait_until

QUIET = {"SENDER_POLL_SECONDS": "60"}
"""Whatever is sent was not found by looking."""


def mail(to: str) -> Mail:
    who = new_id()
    return Mail(who, "repeat", to, "en", who, new_id())


async def test_what_is_queued_is_claimed_from_the_beginning_and_given_after_the_commit(mouth: Mouth) -> None:
    to = address()
    async with mouth.sending() as sender:
        await wait_until(lambda: sender.lease() is not None)
        async with mouth.database.transaction() as session:
            await queue(session, [mail(to)])
            assert len(sender.tray) == 0
        await wait_until(mouth.all_ended)
        assert list(mouth.sink.accepted) == [to]
    assert [tuple(row) for row in await mouth.rows("SELECT status, attempts, lease_token FROM delivery")] == [("sent", 1, None)]


async def test_what_is_rolled_back_is_sent_to_nobody(mouth: Mouth) -> None:
    async with mouth.sending() as sender:
        await wait_until(lambda: sender.lease() is not None)
        with suppress(RuntimeError):
            async with mouth.database.transaction() as session:
                await queue(session, [mail(address())])
                raise RuntimeError("the handler failed")
        await mouth.welcome(member(address()))
        await wait_until(mouth.all_ended)
    assert mouth.sink.mails == 1


async def test_what_comes_too_early_for_its_turn_and_what_is_suppressed_is_not_given(mouth: Mouth) -> None:
    shared, gone = address(), address()
    async with mouth.database.transaction() as session:
        from services.notifier.projection import key_of, suppress

        await suppress(session, "email", key_of("email", gone), scope="all", reason="disowned")
    async with mouth.sending() as sender:
        await wait_until(lambda: sender.lease() is not None)
        await mouth.welcome(member(shared), member(shared), member(gone))
        await wait_until(lambda: mouth.sink.mails)
        rows = await mouth.rows("SELECT status, count(*) FROM delivery WHERE lease_token IS NULL GROUP BY 1 ORDER BY 1")
    assert dict(map(tuple, rows)) | {"sent": 1} == {"due": 1, "sent": 1, "suppressed": 1}
    assert mouth.sink.mails == 1


@pytest.mark.parametrize("own_variables", [QUIET | {"BATCH_SIZE": "5", "SMTP_CONNECTIONS": "1"}], indirect=True)
async def test_what_there_is_no_room_for_is_due_and_found_at_once(mouth: Mouth) -> None:
    mouth.sink.behave("slow=20")
    async with mouth.sending() as sender:
        await wait_until(lambda: sender.lease() is not None)
        for _ in range(40):
            async with mouth.database.transaction() as session:
                await queue(session, [mail(address())])
        assert await mouth.count("due") > 0
        assert len(sender.tray) <= 6
        await wait_until(mouth.all_ended)
    assert mouth.sink.stats()["recipients"] == 40


async def test_sender_that_is_paused_or_stops_is_given_nothing(mouth: Mouth) -> None:
    async with mouth.sending() as sender:
        await wait_until(lambda: sender.lease() is not None)
        sender.pool.pause_seconds = 1.0
        assert sender.lease() is None
    assert sender.lease() is None
    async with mouth.database.transaction() as session:
        await queue(session, [mail(address())])
    assert await mouth.count("due") == 1


class Deaf:
    """A sender that dies between the commit and the sending."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.given = seconds, 0

    def lease(self) -> Lease:
        return Lease.begun(self.seconds)

    def receive(self, claimed: Sequence[Claimed], lease: Lease) -> None:
        self.given += len(claimed)

    def look(self) -> None: ...


async def test_what_a_dead_sender_was_given_is_claimed_when_its_lease_ends(mouth: Mouth) -> None:
    dead = Deaf(0.5)
    handover.announce(mouth.database, dead)
    async with mouth.database.transaction() as session:
        await queue(session, [mail(address()) for _ in range(30)])
    handover.withdraw(mouth.database, dead)
    assert (dead.given, await mouth.count("sending")) == (30, 30)
    async with mouth.sending():
        await asyncio.sleep(0.1)
        assert mouth.sink.mails == 0
        await wait_until(mouth.all_ended)
    assert (mouth.sink.stats()["recipients"], mouth.sink.stats()["repeats"]) == (30, 0)


@pytest.mark.parametrize("own_variables", [QUIET], indirect=True)
async def test_stop_gives_back_what_was_queued_a_moment_ago(mouth: Mouth) -> None:
    async with mouth.sending() as sender:
        await wait_until(lambda: sender.lease() is not None)
        committed = asyncio.Event()

        async def late() -> None:
            async with mouth.database.transaction() as session:
                await queue(session, [mail(address())])
                sender.stopping.set()
                await asyncio.sleep(0.1)
            committed.set()

        task = asyncio.create_task(late())
        await committed.wait()
        await task
    assert [tuple(row) for row in await mouth.rows("SELECT status, lease_token FROM delivery")] == [("due", None)]
