"""`khokahano staff`: who may sign in."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar, get_args

import typer

from ops import output
from ops.services import database_url
from services.gateway import staff
from services.gateway.model import Role
from services.gateway.settings import GatewaySettings
from services.gateway.staff import Rights
from shared.database import Database, Transaction
from shared.errors import Invalid, NotFound

app = typer.Typer(help="Say who may sign in.", no_args_is_help=True)

Result = TypeVar("Result")
RoleOption = Annotated[str, typer.Option("--role", help=f"One of {', '.join(get_args(Role))}.")]
Areas = Annotated[list[str] | None, typer.Option("--area", help="An area to keep them to, such as ZA-GP; may be given again.")]
Organisation = Annotated[str, typer.Option("--organisation", help="Such as IOM, or a mission's name.")]


def rights(role: str, areas: list[str] | None, organisation: str = "") -> Rights:
    """Return what was asked for.

    Raises:
        typer.BadParameter: there is no such role or area, or a mission has no area.
    """
    for known in get_args(Role):
        if role == known:
            try:
                return staff.checked(Rights(known, tuple(areas or ()), organisation))
            except Invalid as invalid:
                raise typer.BadParameter("; ".join(error.detail for error in invalid.errors)) from None
    raise typer.BadParameter(f"{role}: the roles are {', '.join(get_args(Role))}")


def gateway_database() -> Database:
    """Return the gateway's database, for a command."""
    if not (url := database_url("gateway")):
        output.fail("GATEWAY_DATABASE_URL is not set, and no `make run` left its settings here")
    return Database(f"postgresql+asyncpg://{url.partition('://')[2]}", name="command", pool_size=1)


def in_gateway(step: Callable[[Transaction], Awaitable[Result]]) -> Result:
    """Do one step in the gateway's database."""

    async def run() -> Result:
        database = gateway_database()
        try:
            async with database.transaction() as session:
                return await step(session)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except Invalid as invalid:
        raise typer.BadParameter("; ".join(error.detail for error in invalid.errors)) from None


@app.command()
def add(
    email: str,
    role: RoleOption,
    area: Areas = None,
    organisation: Organisation = "",
    name: Annotated[str, typer.Option("--name", help="The person's name.")] = "",
) -> None:
    """Let a person sign in, and print a link that does it once. For one who has an account: a new link, and these rights from now on."""
    wanted = rights(role, area, organisation)
    minted = in_gateway(lambda session: staff.add(session, email, wanted, name=name))
    base_url = os.environ.get("KHOKAHANO_BASE_URL") or GatewaySettings.model_fields["khokahano_base_url"].default
    link = f"{base_url}/sign-in/{minted.secret}"
    text = f"{link}\nIt signs {email} in, once, until {minted.expires_at:%Y-%m-%d %H:%M} UTC."
    output.say(text, email=email, role=role, link=link, expires_at=minted.expires_at)


@app.command()
def disable(email: str) -> None:
    """Sign a person out everywhere, at once, and let them in no more."""
    try:
        in_gateway(lambda session: staff.disable(session, email))
    except NotFound:
        output.fail(f"nobody has the address {email}")
    output.say(f"{email} is signed out and cannot sign in", email=email, disabled=True)


@app.command("list")
def list_staff() -> None:
    """List who may sign in."""
    for person in in_gateway(staff.everybody):
        state = "disabled" if person.disabled_at else "active"
        output.say(
            f"{person.email}  {person.role}  {','.join(person.areas) or 'all areas'}  {person.organisation}  {state}",
            email=person.email,
            role=person.role,
            areas=person.areas,
            organisation=person.organisation,
            state=state,
        )
