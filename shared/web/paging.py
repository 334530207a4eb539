"""Lists page by cursor: the last row's key, opaque to callers; no offset, so a page costs the same wherever it lies."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from shared.errors import FieldError, Invalid
from shared.web.language import mark

Row = TypeVar("Row")
Key = tuple[str | int, ...]
MOST = 200
"""Rows on one page, at most."""
USUAL = 50


def encode(key: Key) -> str:
    """Return a cursor for the row with this key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str) -> Key:
    """Return the key of the row that a cursor stands for.

    Raises:
        Invalid: the cursor is none of ours. Its owner still checks what the parts are.
    """
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, list) or not key or not all(isinstance(part, str) or type(part) is int for part in key):
        raise Invalid(errors=[FieldError("/query/cursor", mark("Take the cursor from `next` of the page before, as it is."))])
    return tuple(key)


@dataclass(frozen=True)
class Asked:
    """Which page a caller asks for.

    Attributes:
        limit: rows wanted; fetch one more, so that `answer` can tell whether another page follows.
        after: the key of the row before the page; None for the first page.
    """

    limit: int = USUAL
    after: Key | None = None

    @property
    def fetch(self) -> int:
        """Return how many rows to fetch."""
        return self.limit + 1

    def answer(self, rows: Sequence[Row], key: Callable[[Row], Key], show: Callable[[Row], Any] = lambda row: row) -> dict[str, Any]:
        """Return `{"items": […], "next": …}` of the fetched rows, each as `show` makes it."""
        items = list(rows[: self.limit])
        following = encode(key(items[-1])) if len(rows) > self.limit and items else None
        return {"items": [show(row) for row in items], "next": following}


async def _asked(limit: Annotated[int, Query(ge=1, le=MOST)] = USUAL, cursor: Annotated[str | None, Query(max_length=500)] = None) -> Asked:
    return Asked(limit, decode(cursor) if cursor else None)


Paging = Annotated[Asked, Depends(_asked)]
"""A route's parameter: `paging: Paging`."""
