"""`khokahano tallies`: whether the running counts of members are what a full count finds."""

import asyncio
from typing import Annotated

import typer

from ops import output
from ops.services import database_url
from services.registry.numbers import checking
from shared.database import Database

app = typer.Typer(help="Look after the running counts of members.", no_args_is_help=True)

PATIENCE_SECONDS = 600.0
"""The most that one statement may take: every member is counted."""
MOST_TOLD = 100
"""Differences printed; triggers that were off make one for each day and area."""


@app.command("check")
def check_tallies(
    mend: Annotated[bool, typer.Option("--mend", help="Where they differ, count anew; nobody is registered for some seconds.")] = False,
) -> None:
    """Compare the running counts by area, channel, way, partner and day with a full count, at one moment."""
    found = asyncio.run(compare(mend=mend))
    for each in found[:MOST_TOLD]:
        place = each.area if each.kind == "area" else f"{each.kind} {each.value} in {each.area}"
        output.say(
            f"{place} on {each.day}: {each.registered:+d} registered, {each.confirmed:+d} confirmed",
            **each._asdict(),
        )
    if not found:
        output.say("ok: the running counts are what a full count finds", ok=True, differences=0)
    elif mend:
        output.say(f"mended: {len(found)} counts differed, and were counted anew", ok=True, differences=len(found))
    else:
        output.fail(f"{len(found)} counts differ from a full count; look for what changed members without triggers, then use --mend")


async def compare(*, mend: bool) -> list[checking.Difference]:
    """Return where the counts differ; with `mend` they are counted anew if they do."""
    if not (url := database_url("registry")):
        output.fail("REGISTRY_DATABASE_URL is not set")
    address = f"postgresql+asyncpg://{url.partition('://')[2]}"
    database = Database(address, name="tallies", pool_size=1, timeout_seconds=PATIENCE_SECONDS)
    try:
        async with database.transaction() as session:
            found = await checking.differences(session)
            if found and mend:
                await checking.count_anew(session)
            return found
    finally:
        await database.close()
