import json
import logging as stdlib
from collections.abc import Iterator
from io import StringIO
from typing import get_args

import pytest

from shared import journey, logging
from shared.tokens import Purpose
from shared.topology import ROUTES


@pytest.fixture
def printed() -> Iterator[StringIO]:
    """Where logs go during a test."""
    root, stream = stdlib.getLogger(), StringIO()
    before, level = root.handlers[:], root.level
    logging.configure("tests", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def read(printed: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def test_log_is_one_json_object_a_line_with_its_journey(printed: StringIO) -> None:
    with journey.on("journey-1"):
        logging.get("x").info("member_registered", count=3)
    (line,) = read(printed)
    assert (line["event"], line["count"], line["correlation_id"], line["level"]) == ("member_registered", 3, "journey-1", "info")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("email", "palesa@example.org"),
        ("reason", "550 palesa@example.org unknown"),
        ("reason", "no such number +27 71 000 0123"),
        ("reason", "0710000123 is off"),
        ("path", "/confirm/abc.DEF-123"),
        ("given_name", "Palesa"),
    ],
)
def test_log_holds_nobody(printed: StringIO, key: str, value: str) -> None:
    logging.get("x").warning("something", **{key: value})
    (line,) = read(printed)
    text = json.dumps(line)
    assert all(mark not in text for mark in ("palesa", "Palesa", "710000123", "71 000", "abc.DEF"))


@pytest.mark.parametrize("door", ["me", "sign-in", "erased", *(each for each in get_args(Purpose) if f"/{each}" in ROUTES)])
def test_token_of_no_link_reaches_the_log(door: str) -> None:
    assert logging.scrub(f"GET /{door}/abc.DEF-123/pack.pdf") == f"GET /{door}/[token]/pack.pdf"


def test_error_is_told_by_type_and_place_not_by_its_text(printed: StringIO) -> None:
    try:
        raise ValueError("palesa@example.org")
    except ValueError:
        logging.get("x").exception("failed")
    (line,) = read(printed)
    assert line["error"] == "ValueError"
    assert "test_logging.py:" in str(line["where"])
    assert "palesa" not in json.dumps(line)


def test_libraries_warnings_are_scrubbed_too(printed: StringIO) -> None:
    stdlib.getLogger("some.library").warning("cannot reach %s", "palesa@example.org")
    (line,) = read(printed)
    assert line["event"] == "cannot reach [address]"


def test_ids_are_left_whole(printed: StringIO) -> None:
    logging.get("x").info("relayed", message_id="01a20a29-c5b3-7540-ad6f-2923315e9f34", other="01a20a29-c5b3-7540-ad6f-2923315e9f34")
    (line,) = read(printed)
    assert line["message_id"] == line["other"] == "01a20a29-c5b3-7540-ad6f-2923315e9f34"


def test_servers_own_errors_are_told_like_ours(printed: StringIO) -> None:
    server = stdlib.getLogger("uvicorn.error")
    try:
        raise ValueError("palesa@example.org")
    except ValueError as error:
        server.error("Exception in ASGI application", exc_info=error)
    (line,) = read(printed)
    assert (line["error"], server.handlers) == ("ValueError", [])
    assert "palesa" not in printed.getvalue()
