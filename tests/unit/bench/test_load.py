"""The load knows of each request what came back."""

import asyncio
import json
from typing import cast

from bench.load import Connection, Load, request
from bench.people import person


class Line:
    """Remembers what was sent to the front door."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True


def connected(load: Load) -> tuple[Connection, Line]:
    connection, line = Connection(load), Line()
    connection.connection_made(cast("asyncio.Transport", line))
    return connection, line


def test_request_is_whole() -> None:
    one = request(3, "b1x", "127.0.0.1:8080")
    head, _, content = one.data.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(content)}".encode() in head
    assert json.loads(content) == person(3, "b1x")
    assert one.email == person(3, "b1x")["email"]


async def test_each_answer_is_noted_and_the_next_request_goes_out() -> None:
    load = Load("127.0.0.1", 1, 3)
    people = [request(number, "b1x", "x") for number in (1, 2, 3)]
    load.todo.extend(people)
    connection, line = connected(load)
    answer = b'HTTP/1.1 202 Accepted\r\nContent-Length: 8\r\n\r\n{"id":1}'
    connection.data_received(answer[:20])
    connection.data_received(answer[20:-1])
    assert line.written == [people[0].data]
    connection.data_received(answer[-1:])
    connection.data_received(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
    assert line.written == [one.data for one in people]
    assert not load.done.is_set()
    connection.data_received(answer)
    assert load.done.is_set()
    assert load.statuses == {202: 2, 503: 1}
    assert list(load.accepted) == [people[0].email, people[2].email]
    assert list(load.idle) == [connection]


async def test_request_on_a_connection_that_is_lost_has_no_answer() -> None:
    load = Load("127.0.0.1", 1, 1)
    load.todo.append(request(1, "b1x", "x"))
    connection, _ = connected(load)
    connection.connection_lost(None)
    assert load.statuses == {0: 1}
    assert load.accepted == {}


async def test_late_request_counts_from_when_it_was_due() -> None:
    load = Load("127.0.0.1", 1, 1)
    one = request(1, "b1x", "x")
    one.due_at = 5.0
    load.finish(one, 7.0, 202)
    assert load.accepted == {one.email: 5.0}
