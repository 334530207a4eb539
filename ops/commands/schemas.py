"""`khokahano schemas`: record the JSON Schema of every message, as the contract tests hold them."""

import importlib
import json
from pathlib import Path
from typing import Annotated

import typer

from ops import output
from ops.processes import ROOT
from shared.contracts.base import REGISTERED
from shared.topology import SERVICES

FOLDER = ROOT / "tests/contracts/schemas"


def run(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a schema is not the recorded one.")] = False,
) -> None:
    """Record the JSON Schema of every message."""
    for service in SERVICES:
        importlib.import_module(f"shared.contracts.{service}")
    differing = [key for key, text in _schemas().items() if not _same(FOLDER / f"{key}.json", text)]
    if check and differing:
        output.fail(f"not the recorded schema: {', '.join(differing)}; run `make schemas` if the change keeps what listeners rely on")
    for key in differing:
        (FOLDER / f"{key}.json").write_text(_schemas()[key])
    output.say(f"{len(REGISTERED)} schemas, {len(differing)} changed", schemas=len(REGISTERED), changed=differing)


def _schemas() -> dict[str, str]:
    return {key: json.dumps(message.model_json_schema(), indent=2) + "\n" for key, message in sorted(REGISTERED.items())}


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text
