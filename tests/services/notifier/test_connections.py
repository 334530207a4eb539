"""Connections to mail servers that do not keep to the fast way."""

import asyncio

import pytest

from tests.services.notifier.conftest import Mouth, address, member
from tests.sink import Conversation
from tests.waiting import wait_until


async def test_server_that_takes_few_mails_a_connection_is_connected_to_again(mouth: Mouth) -> None:
    class Tired(Conversation):
        """It takes three mails."""

        begun = 0

        def _command(self, line: bytes) -> bytes:
            self.begun += line.startswith(b"MAIL")
            return b"421 4.7.0 that is enough\r\n" if self.begun > 3 else super()._command(line)

    mouth.server.close()
    mouth.server = await asyncio.get_running_loop().create_server(lambda: Tired(mouth.sink), "127.0.0.1", mouth.settings.smtp_port)
    await mouth.welcome(*[member(address()) for _ in range(200)])
    async with mouth.sending() as sender:
        await wait_until(mouth.all_ended)
        assert sender.pool.pause_seconds == 0
    rows = await mouth.rows("SELECT status, attempts, count(*) FROM delivery GROUP BY 1, 2")
    assert [tuple(row) for row in rows] == [("sent", 1, 200)]
    assert mouth.sink.stats()["repeats"] == 0


async def test_server_without_pipelining_hears_one_thing_at_a_time(mouth: Mouth) -> None:
    class Slow(Conversation):
        """It knows no extension, and wants to hear nothing before it has answered."""

        def _command(self, line: bytes) -> bytes:
            assert not self._buffer
            return b"250 sink\r\n" if line.startswith(b"EHLO") else super()._command(line)

    mouth.server.close()
    mouth.server = await asyncio.get_running_loop().create_server(lambda: Slow(mouth.sink), "127.0.0.1", mouth.settings.smtp_port)
    mouth.sink.behave("greylist")
    await mouth.welcome(*[member(address()) for _ in range(100)])
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    assert (mouth.sink.stats()["mails"], mouth.sink.stats()["recipients"]) == (100, 100)


@pytest.mark.parametrize("own_variables", [{"SMTP_CONNECTIONS": "1", "SMTP_SLOW_SECONDS": "0.3"}], indirect=True)
async def test_mail_behind_one_that_is_not_answered_goes_over_another_connection(mouth: Mouth) -> None:
    mouth.sink.behave("hang@slow.example.org")
    slow, other = member(address("slow.example.org")), member(address())
    await mouth.welcome(slow)
    await mouth.welcome(other)
    async with mouth.sending() as sender:
        await wait_until(lambda: list(mouth.sink.accepted) == [other.contacts[0].value])
        [stuck] = [lane for lane in sender.pool.lanes if lane.stuck]
        assert stuck.held and stuck.held.domain == "slow.example.org"
        mouth.sink.behave("")
        mouth.sink.cut()
        await wait_until(mouth.all_ended)
    assert mouth.sink.stats() | {"mails": 2, "repeats": 0} == mouth.sink.stats()
