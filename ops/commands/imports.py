"""`khokahano import`: a sheet of registrations, through the same intake as everybody's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Annotated, Any
from uuid import UUID

import typer

from ops import output
from ops.commands.staff import gateway_database
from services.gateway import imports
from shared.database import Database
from shared.errors import Outage, TooLarge

LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 15.0
"""Without progress for so long, a person at a terminal is told what may be the reason."""
SHOWN_ERRORS = 20


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="A CSV file.")],
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until every row has been dealt with.")] = True,
) -> None:
    """Import a CSV file of registrations: its columns bear the fields' names. The same file again adds nobody."""
    try:
        state = asyncio.run(_import(file, wait=wait))
    except TooLarge:
        output.fail(f"{file.name} is larger than {imports.MOST_BYTES // 1024 // 1024} MiB: split it")
    output.progress_done()
    if state["status"] == "failed":
        output.fail(f"{file.name}: {state['failure']}")
    text = f"{file.name}: {state['rows']} rows, {state['accepted']} accepted, {state['rejected']} rejected"
    for error in state["errors"][:SHOWN_ERRORS]:
        text += f"\n  line {error['line']}{', ' if error['column'] else ''}{error['column']}: {error['reason']}"
    if len(state["errors"]) > SHOWN_ERRORS:
        text += f"\n  and {len(state['errors']) - SHOWN_ERRORS} more: --json shows up to {imports.MOST_ERRORS_SHOWN}"
    output.say(text, **state)


async def _import(file: Path, *, wait: bool) -> dict[str, Any]:
    database = gateway_database()
    try:
        async with database.transaction() as session:
            identifier = await imports.add(session, file.name, _chunks(file), added_by="command line")
        state = await _look(database, identifier)
        return await _follow(database, identifier, state) if wait else state
    finally:
        await database.close()


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
        output.progress(f"{state['rows']} rows read, {state['rejected']} rejected, {state['unprocessed']} on their way{stuck}")
    return state


async def _look(database: Database, identifier: UUID) -> dict[str, Any]:
    async with database.transaction() as session:
        state = await imports.show(session, identifier)
    assert state is not None  # We have just added it, and imports are not deleted.
    return state


async def _chunks(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(imports.CHUNK_BYTES):
            yield chunk
