"""The bench's mail server counts every recipient once, however the bytes come."""

import asyncio
from typing import cast

import pytest

from bench.sink import Conversation, Memory

MAILS = b"".join(
    b"MAIL FROM:<a@example.org>\r\nRCPT TO:<B%d@example.org>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\n" % number for number in (1, 2, 1)
)
ANSWERS = [b"220", b"250-sink", b"250-PIPELINING", b"250-8BITMIME", b"250-SMTPUTF8", b"250", *[b"250", b"250", b"354", b"250"] * 3, b"221"]


class Line:
    """Remembers what was written to a client."""

    def __init__(self) -> None:
        self.written, self.closed = b"", False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_conversation_is_the_same_in_pieces_of_any_size(size: int) -> None:
    memory, line = Memory(), Line()
    conversation = Conversation(memory)
    conversation.connection_made(cast("asyncio.Transport", line))
    said = b"EHLO bench\r\n" + MAILS + b"QUIT\r\n"
    for at in range(0, len(said), size):
        conversation.data_received(said[at : at + size])
    assert [answer.split(b" ")[0] for answer in line.written.splitlines()] == ANSWERS
    assert line.closed
    stats = memory.stats()
    assert (stats["mails"], stats["unique"], stats["duplicates"]) == (3, 2, 1)
    assert 0 < stats["first"] <= stats["last"]


def test_only_recipients_with_the_prefix_count() -> None:
    memory = Memory()
    memory.forget("b2x")
    memory.take([b"b1x1@example.org", b"b2x1@example.org"])
    assert list(memory.seen) == [b"b2x1@example.org"]


def test_mail_without_a_recipient_is_refused() -> None:
    memory, line = Memory(), Line()
    conversation = Conversation(memory)
    conversation.connection_made(cast("asyncio.Transport", line))
    conversation.data_received(b"DATA\r\n")
    assert line.written.endswith(b"554 5.5.1 no valid recipients\r\n")
