"""`khokahano migrate`: bring the services' databases up to date."""

from typing import Annotated

import typer

from ops import output
from ops.services import SETTINGS, database_url
from shared import migrations, schema


def run(
    services: Annotated[
        list[str] | None, typer.Argument(metavar="[SERVICE]…", help="Which services; all that have a URL if none is named.")
    ] = None,
) -> None:
    """Bring the services' databases up to date, each by its `…_DATABASE_URL`."""
    for service in services or []:
        if service not in SETTINGS:
            raise typer.BadParameter(f"{service}: the services are {', '.join(SETTINGS)}")
    done = 0
    for service in services or SETTINGS:
        if url := database_url(service):
            migrations.upgrade(service, url)
            output.say(f"{service}: {schema.head(service)}", service=service, revision=schema.head(service))
            done += 1
        elif services:
            output.fail(f"{service.upper()}_DATABASE_URL is not set")
    if not done:
        output.fail("no …_DATABASE_URL is set, and no `make run` left its settings here")
