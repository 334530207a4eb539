"""Cases 12 to 14, and the one gap in which a mail may come twice."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from services.notifier.sender import Sender
from services.notifier.settings import NotifierSettings
from shared.database import Database
from tests.conftest import Servers
from tests.faults.proxy import Proxy
from tests.services.notifier.conftest import Mouth, address, member
from tests.waiting import wait_until

CONNECTIONS: int = NotifierSettings.model_fields["smtp_connections"].default


@contextmanager
def another_process(variables: dict[str, str], mouth: Mouth) -> Iterator[subprocess.Popen[bytes]]:
    """Have a sender at work in a process of its own, on the same database and mail server."""
    command = [sys.executable, "-m", "tests.services.notifier.one_sender"]
    process = subprocess.Popen(command, env=os.environ | variables | {"SMTP_PORT": str(mouth.settings.smtp_port)})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@pytest.mark.parametrize("own_variables", [{"SENDER_LEASE_SECONDS": "2", "SMTP_TIMEOUT_SECONDS": "0.5"}], indirect=True)
async def test_case_12_sender_stopped_past_its_lease(mouth: Mouth, own_variables: dict[str, str]) -> None:
    mouth.sink.behave("slow=30")
    await mouth.welcome(*[member(address()) for _ in range(400)])
    with another_process(own_variables, mouth) as stopped:
        await wait_until(lambda: mouth.sink.stats()["mails"] >= 50, 20)
        stopped.send_signal(signal.SIGSTOP)
        async with mouth.sending():
            await wait_until(mouth.all_ended, 20)
            stopped.send_signal(signal.SIGCONT)
            before = await mouth.rows("SELECT id, sent_at, attempts FROM delivery ORDER BY id")
            stopped.send_signal(signal.SIGTERM)
            await wait_until(lambda: stopped.poll() is not None)
    stats = mouth.sink.stats()
    assert stats["recipients"] == 400
    assert stats["repeats"] == stats["mails"] - 400 <= CONNECTIONS
    assert await mouth.rows("SELECT id, sent_at, attempts FROM delivery ORDER BY id") == before
    assert await mouth.count("sent") == 400


async def test_killed_sender_repeats_at_most_one_mail_a_connection(mouth: Mouth, own_variables: dict[str, str]) -> None:
    await mouth.welcome(*[member(address()) for _ in range(1500)])
    kills = 0
    for enough in (100, 400, 700, 1000):
        with another_process(own_variables, mouth) as process:
            await wait_until(lambda enough=enough: mouth.sink.stats()["recipients"] >= enough, 20, every=0.002)
            process.kill()
            kills += 1
    async with mouth.sending():
        await wait_until(mouth.all_ended, 30)
    stats = mouth.sink.stats()
    print(f"{kills} kills, {stats['repeats']:.0f} mails came twice")
    assert stats["recipients"] == 1500
    assert stats["repeats"] == stats["mails"] - 1500 <= kills * CONNECTIONS


async def test_no_mail_follows_one_that_is_not_recorded(mouth: Mouth, servers: Servers) -> None:
    """With the database's answers kept back, each connection can send the mail it is at, and no other."""
    await mouth.welcome(*[member(address()) for _ in range(500)])
    with Proxy(servers.postgresql.port) as proxy:
        url = mouth.settings.notifier_database_url.replace(f":{servers.postgresql.port}/", f":{proxy.port}/")
        assert url != mouth.settings.notifier_database_url
        database, stopping = Database(url, name="notifier", timeout_seconds=1), asyncio.Event()
        task = asyncio.create_task(Sender(mouth.settings, database).run(stopping))
        await wait_until(lambda: mouth.sink.stats()["mails"] >= 50, every=0.001)
        proxy.drop()
        dropped_at = monotonic()
        await wait_until(lambda: monotonic() > dropped_at + 0.8)
        recorded = await mouth.count("sent")
        assert recorded <= mouth.sink.stats()["mails"] <= recorded + CONNECTIONS
        proxy.heal()
        proxy.cut()
        await wait_until(mouth.all_ended, 30)
        stopping.set()
        await task
        await database.close()
    assert mouth.sink.stats()["recipients"] == 500
    assert mouth.sink.stats()["repeats"] <= CONNECTIONS


@pytest.mark.parametrize("own_variables", [{"SMTP_ACCEPT_SECONDS": "2", "SMTP_SLOW_SECONDS": "0.5"}], indirect=True)
@pytest.mark.parametrize(
    "mode", ["hang@slow.example.org", "drop@slow.example.org", "lose@slow.example.org=1", "silent@slow.example.org=1.5"]
)
async def test_case_13_answer_to_the_body_never_comes_or_late(mouth: Mouth, mode: str) -> None:
    mouth.sink.behave(mode)
    slow, others = [member(address("slow.example.org")) for _ in range(12)], [member(address()) for _ in range(60)]
    await mouth.welcome(*slow, *others)
    began = monotonic()
    async with mouth.sending():
        await wait_until(lambda: {each.contacts[0].value for each in others} <= set(mouth.sink.accepted), every=0.02)
        assert monotonic() - began < 3
        # What was hung or lost is sent once the server has mended its ways.
        await wait_until(lambda: mouth.sink.mails >= 63)
        mouth.sink.behave("")
        await wait_until(mouth.all_ended, 40)
    assert mouth.sink.stats()["recipients"] == 72
    repeats = [len(ids) - 1 for to, ids in mouth.sink.accepted.items()]
    assert max(repeats) <= 1
    if mode.startswith(("hang", "drop", "silent")):
        assert max(repeats) == 0
    assert all(len(set(ids)) == 1 for ids in mouth.sink.accepted.values())


@pytest.mark.parametrize("mode", ["closing", "later"])
@pytest.mark.parametrize("own_variables", [{"MAIL_RETRY_SECONDS": "3", "MAIL_RETRY_MAX_SECONDS": "12"}], indirect=True)
async def test_case_14_one_domain_in_trouble_slows_itself_alone(mouth: Mouth, mode: str) -> None:
    mouth.sink.behave(f"{mode}@full.example.org")
    full = [member(address("full.example.org")) for _ in range(100)]
    await mouth.welcome(*full)
    waits = []
    async with mouth.sending() as sender:
        for _ in range(60):
            other = member(address())
            began = monotonic()
            await mouth.welcome(other)
            await wait_until(lambda other=other: other.contacts[0].value in mouth.sink.accepted, every=0.005)
            waits.append(monotonic() - began)
            await asyncio.sleep(0.05)
        assert sorted(waits)[56] < 1
        assert sender.pool.pause_seconds == 0
        tries = [at for at, to in mouth.sink.attempts if to.endswith("@full.example.org")]
        assert 3 <= len(tries) < 40
        healed_at = monotonic()
        mouth.sink.behave("")
        await wait_until(lambda: any(to.endswith("@full.example.org") for to in mouth.sink.accepted), 20)
        await wait_until(mouth.all_ended, 30)
    mended_at = next(at for at, to in sorted(mouth.sink.attempts) if to.endswith("@full.example.org") and at > healed_at)
    first_stretch = [to for at, to in mouth.sink.attempts if to.endswith("@full.example.org") and mended_at <= at < mended_at + 0.5]
    assert len(first_stretch) <= 15
    assert mouth.sink.stats() | {"mails": 160, "recipients": 160, "repeats": 0} == mouth.sink.stats()
