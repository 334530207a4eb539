"""Malformed, huge and hostile requests get the contract's errors, and leave nothing behind."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.services.gateway.running import REGISTRATIONS, Gateway, registration

JSON = "application/json"
DEEP = b'{"given_name":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def body(**fields: Any) -> bytes:
    return json.dumps(registration(**fields)).encode()


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        (b"", JSON, 422),
        (b"{", JSON, 422),
        (b"null", JSON, 422),
        (b"[]", JSON, 422),
        (b'"text"', JSON, 422),
        (b"\xff\xfe{}", JSON, 422),
        (b"{}" * 10, JSON, 422),
        (b'{"country": NaN}', JSON, 422),
        (DEEP, JSON, 422),
        (body(given_name="Tha\u0000bo"), JSON, 422),
        (body(given_name="Thabo\r\nBcc: x@example.net"), JSON, 422),
        (body(email="a@example.net, b@example.net"), JSON, 422),
        (body(email="a@example.net\nb@example.net"), JSON, 422),
        (body(given_name="x" * 81), JSON, 422),
        (body(given_name=["Thabo"]), JSON, 422),
        (body(given_name={"$ne": None}), JSON, 422),
        (body(country="LS", province=None), JSON, 422),
        (body(birth_year=2019), JSON, 422),
        (body(consent={"registration": False}), JSON, 422),
        (body(consent={"registration": "true"}), JSON, 422),
        (body(consent_text_version="1999-01"), JSON, 422),
        (body(contribution_note="x" * 1001), JSON, 422),
        (body(), "text/plain", 415),
        (body(), "application/x-www-form-urlencoded", 415),
        (body(), "", 415),
        (b"<xml/>", "application/xml", 415),
        (b" " * (1024 * 1024 + 1), JSON, 413),
    ],
)
async def test_bad_body_leaves_nothing(gateway: Gateway, raw: bytes, content_type: str, status: int) -> None:
    before = await gateway.everything()
    answer = await gateway.web.post(REGISTRATIONS, content=raw, headers={"content-type": content_type, "idempotency-key": "hostile"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert await gateway.everything() == before
    for inner in ("Traceback", "pydantic", "sqlalchemy", "Thabo", "example.net"):
        assert inner not in answer.text


async def test_every_bad_field_is_named_at_once(gateway: Gateway) -> None:
    answer = await gateway.register({"email": "no", "country": "XX", "consent": {}, "consent_text_version": "2020-01"})
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == ["/given_name", "/family_name", "/country", "/email", "/consent/registration"]


async def test_fields_that_are_ours_alone_are_ignored(gateway: Gateway) -> None:
    claimed = "00000000-0000-7000-8000-000000000001"
    answer = await gateway.register(registration(submission_id=claimed, id=claimed, way="staff", status="processed", import_id=claimed))
    assert answer.status_code == 202
    [(way, status, import_id)] = await gateway.rows("SELECT way, status, import_id FROM submission WHERE id = :id", id=answer.json()["id"])
    assert (answer.json()["id"] != claimed, way, status, import_id) == (True, "api", "received", None)


async def _talk(gateway: Gateway, head: str, *pieces: bytes) -> bytes:
    """Say it on a bare connection, and return the first line of the answer, though not all was sent."""
    parts = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(f"POST {REGISTRATIONS} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {JSON}\r\n{head}\r\n\r\n".encode())
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.readline(), 5)
    finally:
        writer.close()


async def test_long_body_is_refused_before_it_is_read(gateway: Gateway) -> None:
    assert b" 413 " in await _talk(gateway, f"Content-Length: {200 * 1024 * 1024}", b"{")


async def test_endless_body_is_refused_when_it_grew_too_long(gateway: Gateway) -> None:
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    assert b" 413 " in await _talk(gateway, "Transfer-Encoding: chunked", *[piece] * 17)


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "9" * 400])
async def test_nonsense_length_is_refused(gateway: Gateway, length: str) -> None:
    before = await gateway.everything()
    line = await _talk(gateway, f"Content-Length: {length}", b"{}")
    assert line == b"" or line.split()[1].startswith(b"4")
    assert await gateway.everything() == before


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_refused(gateway: Gateway, method: str) -> None:
    assert (await gateway.web.request(method, REGISTRATIONS)).status_code == 405


@pytest.mark.parametrize("language", ["st", "en"])
async def test_problem_speaks_the_callers_language(gateway: Gateway, language: str) -> None:
    answer = await gateway.web.post(REGISTRATIONS, json={}, headers={"accept-language": language})
    assert answer.headers["content-language"] == language
