"""`khokahano openapi`: each service's OpenAPI document, committed beside its code; the gateway merges them without asking anybody."""

import importlib
import json
import os
from typing import Annotated, Any

import typer

from ops import output
from ops.processes import ROOT
from ops.services import names
from shared.topology import SERVICES

PLACEHOLDER = "openapi-needs-settings-and-uses-none-of-them"
"""Long enough for a key; importing an application reads settings, and opens nothing."""


def run(check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a document is not up to date.")] = False) -> None:
    """Write services/<name>/openapi.json, or check them."""
    _pretend()
    stale = []
    for service in SERVICES:
        file = ROOT / "services" / service / "openapi.json"
        text = document(service)
        if file.exists() and file.read_text("utf-8") == text:
            continue
        if not check:
            file.write_text(text, "utf-8")
        stale.append(str(file.relative_to(ROOT)))
    if check and stale:
        output.fail(f"not up to date: {', '.join(stale)}; run `khokahano openapi`")
    output.say(f"written: {', '.join(stale) or 'nothing, all were up to date'}", written=stale)


def document(service: str) -> str:
    """Return a service's document as it is committed."""
    made: dict[str, Any] = importlib.import_module(f"services.{service}.app").app.openapi()
    return json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _pretend() -> None:
    """Give every setting that has no default a value, where the environment has none."""
    for name in names():
        if name.endswith(("_KEYS", "_KEY")):
            os.environ.setdefault(name, PLACEHOLDER)
        elif name.endswith("_DATABASE_URL"):
            os.environ.setdefault(name, "postgresql://nobody@127.0.0.1/nothing")
