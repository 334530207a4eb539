"""`khokahano consents`: whether the consents are what was recorded, and the roots to keep elsewhere."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Annotated

import typer
from sqlalchemy import select

from ops import output
from ops.services import database_url
from services.registry import printing
from services.registry.model import ConsentRoot
from services.registry.verifying import Counts, Fault, verify
from shared.clock import now
from shared.database import Database

app = typer.Typer(help="Look after the ledger of consents.", no_args_is_help=True)

PATIENCE_SECONDS = 3600.0
"""The most that one statement may take: millions of records are sorted."""
MOST_TOLD = 1000
"""Faults printed; a wrong wording or a lost table makes one for each record."""


@app.command("verify")
def verify_consents(
    root: Annotated[
        list[str] | None,
        typer.Option(metavar="DAY=ROOT", help="A root as it was printed, such as 2026-11-22=0f3c…; its first 16 digits are enough."),
    ] = None,
) -> None:
    """Compute every record, chain and daily root anew, and say what is not as it was recorded."""
    copies = dict(_copy(each) for each in root or [])
    counts = Counts()
    faults = asyncio.run(_verify(counts, copies))
    looked_at = (
        f"{counts.records} records, {counts.erased} of them erased, in {counts.chains} chains; {counts.roots} roots,"
        f" {counts.unrooted} records since the last"
    )
    numbers = {name: getattr(counts, name) for name in ("records", "erased", "chains", "roots", "unrooted")}
    if faults:
        output.say(f"looked at {looked_at}", **numbers, faults=faults)
        output.fail(f"{faults} {'thing is' if faults == 1 else 'things are'} not as recorded")
    last = f"; last root {counts.latest[0]} {counts.latest[1]}" if counts.latest else ""
    output.say(f"ok: {looked_at}{last}", ok=True, **numbers, last=counts.latest)


@app.command("roots")
def list_roots(
    last: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 7,
    week: Annotated[bool, typer.Option("--week", help="The last whole week, Monday to Sunday, laid out for printing.")] = False,
    of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="With --week: the week of this day instead.")] = None,
) -> None:
    """List the roots of the last days, to be kept where nobody who writes to the database can change them."""
    if week:
        monday = printing.monday_of(of.date() if of else now().date() - timedelta(days=7))
        roots = [root for root in asyncio.run(_roots(last=None)) if monday <= root.day < monday + timedelta(days=7)]
        days = {root.day: (root.root.hex(), root.records) for root in roots}
        listed = [{"day": root.day, "root": root.root.hex(), "records": root.records} for root in reversed(roots)]
        output.say(printing.sheet(monday, days), week=monday, roots=listed)
        return
    for root in asyncio.run(_roots(last)):
        output.say(f"{root.day}  {root.root.hex()}  {root.records} records", day=root.day, root=root.root.hex(), records=root.records)


def _copy(text: str) -> tuple[date, str]:
    day, _, copied = text.partition("=")
    try:
        if len(copied) < 16:
            raise ValueError
        return date.fromisoformat(day), f"{int(copied, 16):x}".rjust(len(copied), "0")
    except ValueError:
        raise typer.BadParameter(f"{text}: write DAY=ROOT, with at least 16 of the root's digits") from None


def _database() -> Database:
    if not (url := database_url("registry")):
        output.fail("REGISTRY_DATABASE_URL is not set")
    return Database(f"postgresql+asyncpg://{url.partition('://')[2]}", name="consents", pool_size=1, timeout_seconds=PATIENCE_SECONDS)


async def _verify(counts: Counts, copies: dict[date, str]) -> int:
    database, faults = _database(), 0
    try:
        async for fault in verify(database, counts, copies):
            faults += 1
            _tell(fault, faults)
    finally:
        await database.close()
    return faults


def _tell(fault: Fault, number: int) -> None:
    if number <= MOST_TOLD:
        output.say(fault.text, fault=fault.kind, what=fault.text, **fault.where)
    elif number == MOST_TOLD + 1:
        output.say("and more, which are counted", fault="more")


async def _roots(last: int | None) -> list[ConsentRoot]:
    database = _database()
    try:
        async with database.transaction() as session:
            return list(await session.scalars(select(ConsentRoot).order_by(ConsentRoot.number.desc()).limit(last)))
    finally:
        await database.close()
