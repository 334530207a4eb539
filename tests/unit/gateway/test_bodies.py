"""Bodies are read no further than they may be long."""

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from services.gateway import bodies
from shared.errors import TooLarge


class Sender:
    """What comes over the wire, piece by piece."""

    def __init__(self, *pieces: bytes, ends: bool = True) -> None:
        self.messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        if ends:
            self.messages[-1]["more_body"] = False

    async def receive(self) -> Message:
        return self.messages.pop(0) if self.messages else {"type": "http.disconnect"}

    def request(self, **headers: str) -> Request:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return Request({"type": "http", "method": "POST", "headers": raw}, self.receive)


@pytest.mark.parametrize("pieces", [[b""], [b"{}"], [b"{", b"", b"}"], [b"x"] * 10])
async def test_body_is_put_together_from_its_pieces(pieces: list[bytes]) -> None:
    assert await bodies.read(Sender(*pieces).request(), 10) == b"".join(pieces)
    assert [piece async for piece in bodies.streamed(Sender(*pieces).request(), 10).stream() if piece] == [each for each in pieces if each]


async def test_body_declared_too_long_is_refused_unread() -> None:
    sender = Sender(b"x" * 11)
    with pytest.raises(TooLarge):
        await bodies.read(sender.request(content_length="11"), 10)
    assert len(sender.messages) == 1


async def test_body_that_grows_too_long_is_read_no_further() -> None:
    sender = Sender(b"xxxxx", b"xxxxxx", b"x")
    with pytest.raises(TooLarge):
        await bodies.read(sender.request(), 10)
    assert len(sender.messages) == 1


async def test_caller_who_leaves_midway_has_sent_nothing() -> None:
    with pytest.raises(ClientDisconnect):
        await bodies.read(Sender(b"{", ends=False).request(), 10)
