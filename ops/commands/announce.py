"""`khokahano announce-again`: an owner tells one listener its present state anew."""

import asyncio
import importlib
from typing import Annotated

import typer

from ops import output
from ops.services import database_url
from shared import outbox
from shared.contracts.base import REGISTERED, Message
from shared.database import Database
from shared.topology import listening

PAGE = 500
"""How many announcements are written in one transaction."""


def run(
    key: Annotated[str, typer.Argument(help="The message's key, such as registry.member_registered.v1.")],
    to: Annotated[str, typer.Option("--to", help="The listener, such as notifier.")],
) -> None:
    """Announce an owner's present state again, to one listener: it updates what it holds and causes no delivery."""
    if key not in REGISTERED:
        raise typer.BadParameter(f"there is no message {key}")
    try:
        queue = listening(to, REGISTERED[key]).queue
    except LookupError as error:
        raise typer.BadParameter(str(error)) from error
    output.say(f"{(count := asyncio.run(_announce(key, queue)))} announced again to {queue}", announced=count, queue=queue)


async def _announce(key: str, queue: str) -> int:
    owner = key.partition(".")[0]
    try:
        announcer = importlib.import_module(f"services.{owner}.announcing").ANNOUNCERS[key]
    except (ImportError, KeyError):
        output.fail(f"{owner} keeps no state of {key} to announce again")
    if not (url := database_url(owner)):
        output.fail(f"{owner.upper()}_DATABASE_URL is not set")
    database = Database(f"postgresql+asyncpg://{url.partition('://')[2]}", name="announce-again", pool_size=2)
    done = 0
    try:
        async with database.transaction() as reading:
            page: list[Message] = []
            async for message in announcer(reading):
                page.append(message)
                if len(page) == PAGE:
                    done += await _put(database, page, queue)
                    page.clear()
            done += await _put(database, page, queue)
    finally:
        await database.close()
    return done


async def _put(database: Database, page: list[Message], queue: str) -> int:
    async with database.transaction() as session:
        for message in page:
            outbox.put(session, message, queue=queue, again=True)
    output.progress(f"{len(page)} more written")
    return len(page)
