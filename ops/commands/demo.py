"""`khokahano demo`: fill a believable made-up diaspora, through the front door."""

import asyncio
import os
from typing import Annotated, Any

import asyncpg
import httpx2
import typer

from ops import output
from ops.people import contacts, people
from ops.services import database_url
from shared.clock import now

AT_ONCE = 16
TRIES = 10
REQUEST_SECONDS = 30
LONGEST_PAUSE_SECONDS = 60
STRANGERS = "SELECT count(*) FROM member WHERE NOT EXISTS (SELECT FROM contact WHERE member_id = member.id AND value = ANY($1::text[]))"


def run(
    count: Annotated[int, typer.Option(min=1, max=500, help="How many people.")] = 500,
    url: Annotated[str, typer.Option(help="Where the gateway is; this checkout's if not said.")] = "",
) -> None:
    """Register made-up people in every area, in both languages. Once they are in, doing it again adds nobody."""
    registrations = people(count, year=now().year)
    asyncio.run(_fill(registrations, url or _gateway()))
    output.say(f"{count} made-up people are registered", registered=count)


def _gateway() -> str:
    port = os.environ.get("KHOKAHANO_PORT")
    return f"http://127.0.0.1:{port}" if port else os.environ.get("KHOKAHANO_BASE_URL", "http://127.0.0.1:8080")


async def _fill(registrations: list[dict[str, Any]], url: str) -> None:
    if await _strangers():
        output.fail("the registry holds people who are not made up: demo fills an empty one only")
    waiting = list(enumerate(registrations))[::-1]
    limits = httpx2.Limits(max_connections=AT_ONCE)
    async with httpx2.AsyncClient(base_url=url, timeout=REQUEST_SECONDS, limits=limits, trust_env=False) as client:

        async def work() -> None:
            while waiting:
                number, registration = waiting.pop()
                await _register(client, number, registration)
                output.progress(f"{len(registrations) - len(waiting)} of {len(registrations)}")

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
        except* httpx2.TransportError:
            output.progress_done()
            output.fail(f"the gateway does not answer at {url}: is `make run` running?")
    output.progress_done()


async def _strangers() -> int:
    """Return how many people the registry holds who are not from here."""
    if not (url := database_url("registry")):
        output.fail("REGISTRY_DATABASE_URL is not set, and no `make run` left its settings here")
    known = [contact for person in people(year=now().year) for contact in contacts([person])]
    try:
        connection = await asyncpg.connect(f"postgresql://{url.partition('://')[2]}", timeout=REQUEST_SECONDS)
    except (OSError, asyncpg.PostgresError) as trouble:
        output.fail(f"the registry's database does not answer ({type(trouble).__name__}): is `make run` running?")
    try:
        return int(await connection.fetchval(STRANGERS, known))
    finally:
        await connection.close()


async def _register(client: httpx2.AsyncClient, number: int, registration: dict[str, Any]) -> None:
    """Post one registration until it is accepted; its key makes a repetition harmless."""
    for attempt in range(1, TRIES + 1):
        answer = await client.post("/api/v1/registrations", json=registration, headers={"Idempotency-Key": f"demo-{number}"})
        if answer.status_code == 202:
            return
        if answer.status_code not in (429, 503) or attempt == TRIES:
            output.progress_done()
            output.fail(f"registration {number} was answered {answer.status_code}: {answer.text[:300]}")
        wanted = answer.headers.get("Retry-After", "")
        await asyncio.sleep(min(int(wanted) if wanted.isdigit() else attempt, LONGEST_PAUSE_SECONDS))
