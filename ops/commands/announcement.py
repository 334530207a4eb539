"""`khokahano announcement`: one message to everybody who confirmed an e-mail address and agreed to information."""

import asyncio
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from ops import output
from ops.services import database_url
from services.notifier import announcements
from shared.database import Database, Transaction

app = typer.Typer(help="Write to everybody who confirmed an e-mail address and agreed to information.", no_args_is_help=True)

Result = TypeVar("Result")
LANGUAGES = ("en", "st")


@app.command()
def send(
    file: Annotated[
        Path, typer.Argument(help="TOML: the tables [en] and [st], each with subject and text. Nothing in them is interpreted.")
    ],
) -> None:
    """Write to everybody, in both languages, from now on. The same words are announced once, however often this is called."""
    typed = read(file)
    if (started := _in_notifier(lambda session: announcements.start(session, typed))) is None:
        output.fail("these very words were announced before: see `khokahano announcement list`")
    output.say(f"started: {started}", id=started)


@app.command()
def stop(identifier: Annotated[UUID, typer.Argument(metavar="ID")]) -> None:
    """Write to nobody more; what the senders have in hand, about a second's worth, goes out."""
    if not _in_notifier(lambda session: announcements.stop(session, identifier)):
        output.fail("there is no such announcement, or it has been written to everybody already")
    output.say(f"stopped: {identifier}", id=identifier, status="stopped")


@app.command("list")
def list_announcements() -> None:
    """List the announcements, newest first, with what became of each mail."""
    for each, deliveries in _in_notifier(announcements.everything):
        states = ", ".join(f"{count} {status}" for status, count in sorted(deliveries.items())) or "no mails"
        seen = f"{each.looked_at} addresses looked at"
        output.say(
            f"{each.id}  {each.created_at:%Y-%m-%d %H:%M}  {each.status}  {seen}: {states}  {each.subject_en}",
            id=each.id,
            created_at=each.created_at,
            status=each.status,
            looked_at=each.looked_at,
            prepared=each.prepared,
            deliveries=deliveries,
            subject=each.subject_en,
        )


def read(file: Path) -> dict[str, str]:
    """Return what was typed, by the names that `announcements.start` wants.

    Raises:
        typer.BadParameter: it is not all there.
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} is not TOML: {error}") from error
    typed = {f"{part}_{language}": tables.get(language, {}).get(part) for language in LANGUAGES for part in ("subject", "text")}
    for name, value in typed.items():
        if not isinstance(value, str) or not value.strip():
            part, _, language = name.partition("_")
            raise typer.BadParameter(f"{file} has no {part} in [{language}]")
    return {name: str(value).strip() for name, value in typed.items()}


def _in_notifier(step: Callable[[Transaction], Awaitable[Result]]) -> Result:
    """Do one step in the notifier's database."""

    async def run() -> Result:
        if not (url := database_url("notifier")):
            output.fail("NOTIFIER_DATABASE_URL is not set, and no `make run` left its settings here")
        database = Database(f"postgresql+asyncpg://{url.partition('://')[2]}", name="command", pool_size=1)
        try:
            async with database.transaction() as session:
                return await step(session)
        finally:
            await database.close()

    return asyncio.run(run())
