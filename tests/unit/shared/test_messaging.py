"""Connecting to the broker, where there is none."""

import asyncio
import gc
import logging
import sys

import pytest

from shared.errors import Outage
from shared.messaging import connect


async def test_connection_that_never_opened_leaves_nothing_to_close_where_it_is_collected(
    unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "aiormq")  # A record that is kept would keep the connection, too.
    unraisable = list[object]()
    monkeypatch.setattr(sys, "unraisablehook", lambda found: unraisable.append(found.exc_value))
    gc.disable()
    try:
        assert not await is_there(f"amqp://guest:guest@127.0.0.1:{unused_tcp_port}/")
        await asyncio.to_thread(gc.collect)
    finally:
        gc.enable()
    assert unraisable == []


async def is_there(url: str) -> bool:
    """Tell whether a broker answers, and keep no hold of the error: its traceback holds the connection."""
    try:
        await connect(url, "nobody")
    except Outage:
        return False
    return True
