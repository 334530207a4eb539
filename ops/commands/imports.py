"""`khokahano import`: a sheet of registrations, through the same intake as everybody's."""

import asyncio
import contextlib
import getpass
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Annotated, Any
from uuid import UUID

import typer

from ops import output
from ops.commands.staff import gateway_database
from services.gateway import choices, imports
from services.gateway.imports import HandedIn
from services.gateway.model import Import
from services.gateway.sheets.reading import MOST_BYTES, UnreadableSheet, opened
from shared.database import Database
from shared.errors import Invalid, Outage, TooLarge

LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 15.0
"""Without progress for so long, a person at a terminal is told what may be the reason."""
SHOWN_ERRORS = 20


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="A CSV or XLSX file.")],
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until every row has been dealt with.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row, and register nobody.")] = False,
    consent_basis: Annotated[
        str,
        typer.Option(
            help="How these people agreed, if no column says so: paper, list, spoken, or other words. `paper: scans in folder 12`"
        ),
    ] = "",
    consent_scan: Annotated[str, typer.Option(help="SHA-256 of the scanned paper, where these people agreed on paper.")] = "",
    consent_text_version: Annotated[str, typer.Option(help="The wording that these people were shown, if no column says so.")] = "",
    mapping: Annotated[str, typer.Option(help='What columns are that are not understood by themselves: {"Cell 2": "phone"}')] = "",
    country: Annotated[str, typer.Option(help="Where people live whose row does not say so, such as ZA.")] = "",
    province: Annotated[str, typer.Option(help="The same, such as ZA-GP.")] = "",
) -> None:
    """Import a sheet of registrations. Columns are known by their headings, in English or Sesotho. The same file again adds nobody."""
    said = {
        "mapping": mapping,
        "consent_basis": consent_basis,
        "consent_scan": consent_scan,
        "consent_text_version": consent_text_version,
        "country": country,
        "province": province,
    }
    try:
        state = asyncio.run(_import(file, {name: value for name, value in said.items() if value}, wait=wait, dry_run=dry_run))
    except TooLarge:
        output.fail(f"{file.name} is larger than {MOST_BYTES // 1024 // 1024} MiB: split it")
    except UnreadableSheet as unreadable:
        output.fail(f"{file.name}: {unreadable.text}")
    except Invalid as invalid:
        output.fail("\n  ".join([f"{file.name}:", *(f"{error.pointer.strip('/')}: {error.detail}" for error in invalid.errors)]))
    output.progress_done()
    if state["status"] == "failed":
        output.fail(f"{file.name}: {state['failure']}")
    checked = ", only checked" if dry_run else ""
    text = f"{file.name}: {state['rows']} rows, {state['accepted']} accepted, {state['rejected']} rejected{checked}"
    for error in state["errors"][:SHOWN_ERRORS]:
        text += f"\n  line {error['line']}{', ' if error['column'] else ''}{error['column']}: {error['reason']}"
    if len(state["errors"]) > SHOWN_ERRORS:
        text += f"\n  and {len(state['errors']) - SHOWN_ERRORS} more: --json shows up to {imports.MOST_ERRORS_SHOWN}"
    output.say(text, **state)


async def _import(file: Path, said: dict[str, str] | None = None, *, wait: bool, dry_run: bool = False) -> dict[str, Any]:
    database = gateway_database()
    try:
        async with opened(_chunks(file)) as reading:
            known = choices.chosen(choices.guessed(reading.columns), said or {}, "en")
            if errors := known.errors("en"):
                raise Invalid(errors=errors)
            async with database.transaction() as session:
                identifier = await imports.add(session, file.name, reading, known, HandedIn("command line", name=_operator()))
                await imports.start(session, identifier, known, dry_run=dry_run)
        state = await _look(database, identifier)
        return await _follow(database, identifier, state) if wait else state
    finally:
        await database.close()


def _operator() -> str:
    """Return who is at the terminal, for the record of each consent."""
    with contextlib.suppress(OSError, KeyError):  # No account of a name, as in a container.
        return f"{getpass.getuser()}, by command line"
    return ""


async def _follow(database: Database, identifier: UUID, state: dict[str, Any]) -> dict[str, Any]:
    """Return the import's last state. To stop looking does not stop the import."""
    moved, told = monotonic(), state
    while state["status"] not in ("done", "failed") or state["unprocessed"]:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            state = await _look(database, identifier)
        except Outage:
            output.progress("the database is away; the import goes on when it is back")
            continue
        if state != told:
            moved, told = monotonic(), state
        stuck = "" if monotonic() - moved < PATIENCE_SECONDS else "; nothing moves: are the gateway and the registry running?"
        of = f"{state['rows']} of {state['total_rows']} rows read"
        output.progress(f"{of}, {state['rejected']} rejected, {state['unprocessed']} on their way{stuck}")
    return state


async def _look(database: Database, identifier: UUID) -> dict[str, Any]:
    async with database.transaction() as session:
        found = await session.get(Import, identifier, populate_existing=True)
        assert found is not None  # We have just added it, and imports that have begun are not deleted.
        return await imports.show(session, found)


async def _chunks(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened_file:
        while chunk := opened_file.read(imports.CHUNK_BYTES):
            yield chunk
