"""This side of making a PDF: another process does it, one at a time, and what was made is kept for a while.

A PDF takes a second of one processor: nobody can make more than one busy, however often they ask.
"""

import asyncio
import contextlib
import hashlib
import os
import sys
from collections import OrderedDict
from pathlib import Path

from shared import logging
from shared.errors import Unavailable

log = logging.get(__name__)

MODULE = "services.registry.outreach.typesetting"
ROOT = Path(__file__).parents[3]
SECONDS = 30.0
"""The longest that one may take."""
MOST_KEPT = 32
"""Files of some 100 kB each."""
MOST_WAITING = 8
RETRY_AFTER_SECONDS = 10
PDF = "application/pdf"


class Printer:
    """Makes PDFs from HTML, and keeps the last ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._one_at_a_time = asyncio.Semaphore(1)
        self._waiting = 0

    async def print(self, page: str) -> bytes:
        """Return a page as PDF.

        Raises:
            Unavailable: too many wait already, or it could not be made.
        """
        key = hashlib.sha256(page.encode()).digest()
        if made := self._look(key):
            return made
        if self._waiting >= MOST_WAITING:
            raise Unavailable(retry_after_seconds=RETRY_AFTER_SECONDS)
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                if made := self._look(key):  # Whoever waited before us has asked for the same.
                    return made
                made = await _typeset(page)
        finally:
            self._waiting -= 1
        self._kept[key] = made
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return made

    def _look(self, key: bytes) -> bytes | None:
        if made := self._kept.get(key):
            self._kept.move_to_end(key)
        return made


async def _typeset(page: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-s", "-m", MODULE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "SOURCE_DATE_EPOCH": "0"},  # None of our secrets.
    )
    try:
        made, _ = await asyncio.wait_for(process.communicate(page.encode()), SECONDS)
    except TimeoutError:
        made = b""
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if not made.startswith(b"%PDF-"):
        log.warning("pdf_not_made", status=process.returncode)
        raise Unavailable(retry_after_seconds=RETRY_AFTER_SECONDS)
    return made


printer = Printer()
"""One a process."""
