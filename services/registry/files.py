"""Lists and figures as a CSV or XLSX file: cells that no spreadsheet runs, sent as it is made, each page read in a short transaction.

return await files.answer(wish, paging, "calls", showing.TABLE, page)
"""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple, Protocol

from fastapi import Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from shared.errors import FieldError, Invalid
from shared.web.language import mark
from shared.web.paging import Asked, decode
from shared.workbook import MEDIA_TYPE, Cell, Workbook

Form = Literal["csv", "xlsx"]
Row = Sequence[Cell]
MEDIA_TYPES: dict[Form, str] = {"csv": "text/csv", "xlsx": MEDIA_TYPE}
RESPONSES: dict[int | str, dict[str, Any]] = {200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}}
"""What a route says of its answers that has a file among them."""
Wanted = Annotated[
    Literal["json", "csv", "xlsx"] | None,
    Query(alias="format", description="`csv` or `xlsx`, or `Accept` says so: all that fit, in one file"),
]
PAGE = 500
"""Rows read in one transaction: a long one would keep the outbox's dead rows from being cleaned."""
NO_REASON = mark("Say why these persons are exported.")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # Excel takes full-width signs for the plain ones.


def guard(cell: str) -> str:
    """Return a cell that a spreadsheet shows as text: `'` goes before what it could run, and an import takes it away again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


class _File(Protocol):
    """A table that is being written: what of it has come together, piece by piece."""

    def add(self, rows: Iterable[Row]) -> bytes: ...

    def close(self) -> bytes: ...


class Lines:
    """CSV. A cell that a spreadsheet could run is guarded; XLSX says of each cell that it is a text, and needs no guard."""

    def __init__(self) -> None:
        self._mark = "\ufeff"  # Excel reads UTF-8 only where a byte order mark says so.

    def add(self, rows: Iterable[Row]) -> bytes:
        """Return rows as lines."""
        written = io.StringIO(self._mark, newline="")
        written.seek(0, io.SEEK_END)
        csv.writer(written).writerows([guard(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
        self._mark = ""
        return written.getvalue().encode()

    def close(self) -> bytes:
        """Return the end of the file: nothing."""
        return b""


FILES: dict[Form, type[Lines] | type[Workbook]] = {"csv": Lines, "xlsx": Workbook}


def asked(request: Request, form: str | None) -> Form | None:
    """Return the form of file that is asked for, by `?format=` or by what `Accept` begins with; None for JSON."""
    if form is not None:
        return next((each for each in MEDIA_TYPES if each == form), None)
    accept = request.headers.get("accept", "").lower()
    return next((each for each, media_type in MEDIA_TYPES.items() if accept.startswith(media_type)), None)


class Wish(NamedTuple):
    """A file of persons that is asked for, and why.

    Attributes:
        form: None for JSON.
        field: the parameter that says why.
    """

    form: Form | None
    why: str | None
    field: str = "reason"

    def reason(self) -> str:
        """Return why persons are exported.

        Raises:
            Invalid: nothing is said.
        """
        if not self.why or not self.why.strip():
            raise Invalid(errors=[FieldError(f"/query/{self.field}", NO_REASON)])
        return self.why.strip()


_Why = Annotated[str | None, Query(max_length=500, description="why persons are exported; needed for a file")]


async def _with_reason(request: Request, form: Wanted = None, reason: _Why = None) -> Wish:
    return Wish(asked(request, form), reason)


async def _with_why(request: Request, form: Wanted = None, why: _Why = None) -> Wish:
    return Wish(asked(request, form), why, "why")


WithReason = Annotated[Wish, Depends(_with_reason)]
"""A route's parameter: `wish: WithReason`."""
WithWhy = Annotated[Wish, Depends(_with_why)]
"""The same where `reason` says what else is looked for."""


class Table(NamedTuple):
    """A list's columns, and the row of each of its items."""

    columns: Sequence[str]
    row: Callable[[Any], Row]


def plain(shape: type[BaseModel], *, without: Collection[str] = ()) -> Table:
    """Return a table of the fields of what a list shows, in their order."""
    columns = [name for name in shape.model_fields if name not in without]
    return Table(columns, lambda item: [cell(getattr(item, name)) for name in columns])


async def answer(
    wish: Wish, paging: Asked, name: str, table: Table, page: Callable[[Asked, str | None], Awaitable[Mapping[str, Any]]]
) -> Any:
    """Return a page of a list in which persons are, or the whole list as a file, for which a reason must be given.

    Args:
        page: gives `{"items": […], "next": …}`, and notes whom it shows; with the reason where it is for a file.
    """
    if wish.form is None:
        return await page(paging, None)
    why = wish.reason()
    return await stream(name, wish.form, table.columns, _rows(table, lambda asked: page(asked, why)))


async def _rows(table: Table, page: Callable[[Asked], Awaitable[Mapping[str, Any]]]) -> AsyncIterator[Iterable[Row]]:
    """Give the rows of all pages of a list, each from a transaction of its own."""
    paging = Asked(PAGE)
    while True:
        found = await page(paging)
        yield map(table.row, found["items"])
        if found["next"] is None:
            return
        paging = Asked(PAGE, decode(found["next"]))


async def stream(name: str, form: Form, columns: Sequence[str], pages: AsyncIterator[Iterable[Row]]) -> StreamingResponse:
    """Return a file that is sent as it is made."""
    pieces = _pieces(FILES[form](), columns, pages)
    first = await anext(pieces) + await anext(pieces)  # So that trouble is still an answer of its own, not a file that breaks off.

    async def whole_file() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return StreamingResponse(whole_file(), media_type=MEDIA_TYPES[form], headers=_headers(name, form))


async def _pieces(file: _File, columns: Sequence[str], pages: AsyncIterator[Iterable[Row]]) -> AsyncIterator[bytes]:
    # Some hundred rows take tens of milliseconds, in which others would wait.
    yield await asyncio.to_thread(file.add, [columns])
    async for rows in pages:
        yield await asyncio.to_thread(file.add, rows)
    yield await asyncio.to_thread(file.close)


def small(name: str, form: Form, rows: Iterable[Row]) -> Response:
    """Return a file of what is at hand, headings included."""
    file = FILES[form]()
    return Response(file.add(rows) + file.close(), media_type=MEDIA_TYPES[form], headers=_headers(name, form))


def _headers(name: str, form: Form) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}.{form}"', "cache-control": "no-store"}


def cell(value: object) -> Cell:
    """Return a value as a table holds it; of several, each after a semicolon."""
    match value:
        case None | bool():
            return None if value is None else str(value).lower()
        case int() | float():
            return value
        case datetime():
            return value.isoformat()
        case list() | tuple():
            return ";".join(map(str, value))
    return str(value)
