"""The `khokahano` command. Each command is a file in `ops/commands/` and a line in the table below."""

import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from pydantic import ValidationError

from ops import output
from ops.checkout import Checkout
from ops.processes import StartFailed
from shared.errors import KhokahanoError

COMMANDS = {
    "staff": "ops.commands.staff",
    "token": "ops.commands.token",
    "import": "ops.commands.imports",
    "openapi": "ops.commands.openapi",
    "migrate": "ops.commands.migrate",
    "demo": "ops.commands.demo",
    "dead-letters": "ops.commands.dead_letters",
    "announcement": "ops.commands.announcement",
    "announce-again": "ops.commands.announce",
    "erase-again": "ops.commands.erase_again",
    "schemas": "ops.commands.schemas",
    "consents": "ops.commands.consents",
    "retention": "ops.commands.retention",
    "registry": "ops.commands.registry",
    "likely-pairs": "ops.commands.likely_pairs",
    "tallies": "ops.commands.tallies",
}
"""Name → module. A module has `app` (a group of commands, `typer.Typer`) or a function `run` (one command)."""

application = typer.Typer(
    name="khokahano",
    help="Find, register, answer and bring together a country's people abroad.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)


@application.callback()
def khokahano(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines, for programs.")] = False,
) -> None:
    """Find, register, answer and bring together a country's people abroad."""
    output.choose(as_json=as_json)


def _called(words: Sequence[str]) -> Iterable[str]:
    """Return the name of the command that is called, or of all where that is not seen: to import them all takes most of a second."""
    first = next((word for word in words if not word.startswith("-")), None)
    return [first] if first in COMMANDS else COMMANDS


for _name in _called(sys.argv[1:]):
    _command = importlib.import_module(COMMANDS[_name])
    if hasattr(_command, "app"):
        application.add_typer(_command.app, name=_name)
    else:
        application.command(_name)(_command.run)


def main() -> None:
    """Run the command line: status 0, 1 (could not) or 2 (wrong call)."""
    Checkout().adopt()
    words = [word for word in sys.argv[1:] if word != "--json"]
    try:
        application(["--json", *words] if len(words) < len(sys.argv) - 1 else words)
    except ValidationError as wrong:
        names = ", ".join(sorted(str(error["loc"][0]).upper() for error in wrong.errors(include_input=False)))
        output.fail(f"these settings are missing or wrong: {names}; see .env.example, or start `make run` first")
    except (KhokahanoError, StartFailed, OSError) as trouble:
        output.fail(str(trouble) or type(trouble).__name__)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
