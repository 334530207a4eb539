"""This side of reading a sheet: another process does it, one at a time, and hands the records over in pages."""

import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson

from services.gateway.sheets import MOST_COLUMNS, Dress, Record
from shared.errors import KhokahanoError, TooLarge
from shared.web.language import mark

MOST_BYTES = 50 * 1024 * 1024
PAGE_BYTES = 256 * 1024
"""Roughly what a page of records holds: little enough to be in memory, enough to be few."""
SECONDS = 60.0
"""The longest that the other process may say nothing."""
MODULE = "services.gateway.sheets"
ROOT = Path(__file__).parents[3]

REFUSALS = {
    "no_text": mark("This is no sheet that we can read. Save it as CSV (UTF-8) or as XLSX, then send that."),
    "no_columns": mark("No columns were found. The sheet's first row must name them, such as: given name, surname, e-mail, country."),
    "many_columns": mark("The first row names more than 200 columns. Delete those that are not about the people, then send it again."),
    "old_workbook": mark("This is an old workbook, or one under a password. Save it as XLSX without a password, then send that."),
    "other_workbook": mark("This is another program's file. Save the sheet as XLSX or as CSV (UTF-8), then send that."),
    "macros": mark("This workbook holds macros, which we do not take. Save it as XLSX (without macros), then send that."),
    "bomb": mark("This workbook unpacks to more than any sheet of people is. Copy the people into a new workbook, then send that."),
    "damaged": mark("This workbook is damaged. Open it, save it as XLSX anew, then send that."),
    "too_much": mark("This sheet holds more than we can read at once. Delete empty rows and columns, or split it, then send it again."),
}
"""Why a file as a whole is refused, and what to do about it."""
FAULTS = {
    "not_csv": mark("This row is not CSV: a quotation mark or a very long cell breaks it."),
    "many_cells": mark("This row has more cells than the first row names columns."),
    "long_cell": mark("A cell of this row is too long."),
}
"""Why a row cannot be read at all."""


class UnreadableSheet(KhokahanoError):
    """The sheet as a whole makes no sense; `text` says what to do about it, in English."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Page(NamedTuple):
    """Some records.

    Attributes:
        last: the number of its last record; records count from 1.
        content: lines of JSON, see `unpack`.
    """

    last: int
    content: bytes


def unpack(page: Page) -> list[tuple[int, Record]]:
    """Return a page's records with their numbers."""
    records = [Record(*orjson.loads(line)) for line in page.content.splitlines()]
    return list(enumerate(records, page.last - len(records) + 1))


class Reading:
    """A sheet that is being read.

    Attributes:
        fingerprint: SHA-256 of the file.
    """

    def __init__(self, head: Mapping[str, str], columns: list[str], fingerprint: bytes, pages: AsyncIterator[Page]) -> None:
        self.dress = Dress(head["format"], head["encoding"], head["delimiter"])
        self.columns, self.fingerprint, self.pages = columns, fingerprint, pages


_one_at_a_time = asyncio.Semaphore(1)
"""Each may take a good deal of memory."""


@contextlib.asynccontextmanager
async def opened(chunks: AsyncIterator[bytes]) -> AsyncIterator[Reading]:
    """Give a sheet: its headings at once, its rows as they are asked for.

    Raises:
        TooLarge: it is longer than 50 MiB; the rest is not read.
        UnreadableSheet: it is none, at once or while its rows are read.
    """
    async with _one_at_a_time:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-s", "-m", MODULE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=ROOT,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},  # None of our secrets.
        )
        try:
            fingerprint = await _feed(process, chunks)
            lines = _lines(process)
            head = orjson.loads(await anext(lines, b'{"refused": "too_much"}'))
            if "refused" in head:
                raise UnreadableSheet(REFUSALS[head["refused"]])
            columns = head["columns"][:MOST_COLUMNS]
            yield Reading(head, columns, fingerprint, _pages(process, lines))
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _feed(process: asyncio.subprocess.Process, chunks: AsyncIterator[bytes]) -> bytes:
    assert process.stdin is not None
    size, digest = 0, hashlib.sha256()
    async for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise TooLarge
        digest.update(chunk)
        with contextlib.suppress(ConnectionError):  # It ended early; what it says, or that it says nothing, tells why.
            process.stdin.write(chunk)
            await process.stdin.drain()
    process.stdin.close()
    return digest.digest()


async def _lines(process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
    """Give what the process says: first its first line, then whole lines together."""
    assert process.stdout is not None
    pieces, first = list[bytes](), True
    while True:
        try:
            async with asyncio.timeout(SECONDS):
                piece = await process.stdout.read(PAGE_BYTES)
        except TimeoutError:
            raise UnreadableSheet(REFUSALS["too_much"]) from None
        if not piece:
            break
        if first and b"\n" in piece:
            head, _, piece = piece.partition(b"\n")
            yield b"".join([*pieces, head])
            pieces, first = [], False
        pieces.append(piece)
        if not first and sum(map(len, pieces)) >= PAGE_BYTES and b"\n" in piece:
            whole, _, rest = b"".join(pieces).rpartition(b"\n")
            pieces = [rest]
            yield whole + b"\n"
    if not first and any(pieces):
        yield b"".join(pieces)


async def _pages(process: asyncio.subprocess.Process, lines: AsyncIterator[bytes]) -> AsyncIterator[Page]:
    last = 0
    async for some in lines:
        last += some.count(b"\n")
        yield Page(last, some)
    if await process.wait():
        raise UnreadableSheet(REFUSALS["too_much"])
