"""`khokahano token`: programs that may ask for what staff may see."""

import typer

from ops import output
from ops.commands.staff import Areas, Organisation, RoleOption, in_gateway, rights
from services.gateway import staff

app = typer.Typer(help="Make and end API tokens.", no_args_is_help=True)


@app.command()
def add(name: str, role: RoleOption, area: Areas = None, organisation: Organisation = "") -> None:
    """Make an API token and print it, this once: only its hash is kept."""
    wanted = rights(role, area, organisation)
    minted = in_gateway(lambda session: staff.add_token(session, name, wanted))
    output.say(minted.secret, name=name, role=role, token=minted.secret, expires_at=minted.expires_at)


@app.command()
def revoke(name: str) -> None:
    """End every token of this name at once."""
    ended = in_gateway(lambda session: staff.revoke_tokens(session, name))
    if not ended:
        output.fail(f"no token is called {name}")
    output.say(f"{ended} ended", name=name, ended=ended)


@app.command("list")
def list_tokens() -> None:
    """List the tokens: their names and rights, never themselves."""
    for token in in_gateway(staff.every_token):
        state = "revoked" if token.revoked_at else f"until {token.expires_at:%Y-%m-%d}"
        used = f"used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
        output.say(
            f"{token.name}  {token.role}  {','.join(token.areas) or 'all areas'}  {state}  {used}",
            name=token.name,
            role=token.role,
            areas=token.areas,
            state=state,
            last_used_at=token.last_used_at,
        )
