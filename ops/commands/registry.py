"""`khokahano registry`: handing the register from one office to another, on record."""

import asyncio
import hashlib
from pathlib import Path
from typing import Annotated

import typer

from ops import output
from ops.services import database_url
from services.registry.handing_over import NAMES, Office, Transfer, hand_over, transfers
from shared.clock import now
from shared.database import Database

app = typer.Typer(help="Hand the register from one office to another, on record.", no_args_is_help=True)

PATIENCE_SECONDS = 300.0
"""The most that one statement may take: a million members are counted."""


class _DryRun(Exception):  # It is no error: it takes the record back.
    pass


@app.command("transfer")
def transfer(
    giver: Annotated[Office, typer.Option("--from", help="Who hands it over.")],
    taker: Annotated[Office, typer.Option("--to", help="Who holds it alone from now on.")],
    document: Annotated[Path, typer.Option(exists=True, dir_okay=False, readable=True, help="The signed agreement; its SHA-256 is kept.")],
    signed_by: Annotated[str, typer.Option(help="Who answers for this, by name and office.")],
    reason: Annotated[str, typer.Option(help="Why, in a line.")],
    dry_run: Annotated[bool, typer.Option(help="Print what would be recorded, and record nothing.")] = False,
) -> None:
    """Record that the register is handed over: who, when, what there is, and the hash of the agreement.

    It cannot be taken back; handing it back is another transfer.
    """
    if not signed_by.strip() or not reason.strip():
        raise typer.BadParameter("say who signs, and why")
    digest = hashlib.sha256(document.read_bytes()).digest()
    try:
        done = asyncio.run(_transfer(giver, taker, digest, signed_by.strip(), reason.strip(), dry_run=dry_run))
    except _DryRun as rehearsed:
        [done] = rehearsed.args
        _say(done, "would be recorded")
        return
    _say(done, "recorded")
    output.say(f"{giver}'s accounts and tokens still work: end them, as the runbook says, and ship a wording without {giver}.", left=giver)


@app.command("transfers")
def list_transfers() -> None:
    """List every handing over, the first first."""
    for done in asyncio.run(_transfers()):
        _say(done, "recorded")


def _say(done: Transfer, verb: str) -> None:
    numbers = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in done.counts.items())
    root = f"{done.root_day} {done.root.hex()}" if done.root else "none yet"
    output.say(
        f"{verb}: {done.at:%Y-%m-%d %H:%M} UTC, from {NAMES[done.giver]} to {NAMES[done.taker]}, signed by {done.signed_by}\n"
        f"  {numbers}\n  last root of the consents: {root}\n  agreement: {done.document.hex()}",
        **{"from": done.giver, "to": done.taker},
        status=verb,
        at=done.at,
        signed_by=done.signed_by,
        reason=done.reason,
        counts=done.counts,
        root_day=done.root_day,
        root=done.root.hex() if done.root else None,
        document=done.document.hex(),
    )


def _database() -> Database:
    if not (url := database_url("registry")):
        output.fail("REGISTRY_DATABASE_URL is not set")
    return Database(f"postgresql+asyncpg://{url.partition('://')[2]}", name="transfer", pool_size=1, timeout_seconds=PATIENCE_SECONDS)


async def _transfer(giver: Office, taker: Office, digest: bytes, signed_by: str, reason: str, *, dry_run: bool) -> Transfer:
    database = _database()
    try:
        async with database.transaction() as session:
            done = await hand_over(session, giver=giver, taker=taker, signed_by=signed_by, reason=reason, document=digest, at=now())
            if dry_run:
                session.expunge_all()
                raise _DryRun(done)
        return done
    finally:
        await database.close()


async def _transfers() -> list[Transfer]:
    database = _database()
    try:
        async with database.transaction() as session:
            return list(await transfers(session))
    finally:
        await database.close()
