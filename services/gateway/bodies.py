"""Request bodies, read or passed on no further than they may be long."""

from typing import Any

import orjson
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from shared.errors import FieldError, Invalid, TooLarge
from shared.web.language import language_of, mark, translate

MOST_BYTES = 1024 * 1024
"""The longest body of an ordinary door."""
MOST_FIELDS = 100
"""More than any form of ours has."""
NOT_AN_OBJECT = mark("This is not JSON.")


def refuse_declared(request: Request, most: int = MOST_BYTES) -> None:
    """Refuse a body whose own header says that it is too long, before any of it is read.

    Raises:
        TooLarge: it is.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > most:
        raise TooLarge


def streamed(request: Request, most: int = MOST_BYTES) -> Request:
    """Return the request with a body that breaks off when it grows longer than it may be.

    Raises:
        TooLarge: its own header says that it will; or, from what reads the body, more came than may, and the rest is not read.
    """
    refuse_declared(request, most)
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > most:
            raise TooLarge
        return message

    return Request(request.scope, receive)


async def read(request: Request, most: int = MOST_BYTES) -> bytes:
    """Return the whole body.

    Raises:
        TooLarge: it is longer than it may be; the rest is not read.
    """
    pieces, body = list[bytes](), streamed(request, most)
    while True:  # What `Request.body` does, for half its cost.
        message = await body.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def content_type(request: Request) -> str:
    """Return the body's media type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_fields(request: Request) -> dict[str, Any]:
    """Return the fields of a small form, in any of a form's encodings or as a JSON object; of one named twice, the last.

    Raises:
        TooLarge: the body is longer than it may be.
        Invalid: it says it is JSON, and is no JSON object.
    """
    raw = await read(request)
    if content_type(request) == "application/json":
        try:
            found = orjson.loads(raw)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise Invalid(errors=[FieldError("", translate(language_of(request), NOT_AN_OBJECT))])
        return found

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    form = await Request(request.scope, receive).form(max_files=0, max_fields=MOST_FIELDS, max_part_size=MOST_BYTES)
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}
