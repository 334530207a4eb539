"""What a command prints: words for people, or JSON lines for programs (`--json`)."""

import json
import sys
from typing import NoReturn

COULD_NOT = 1
"""The exit status of a command that was called rightly and could not do it; a wrong call is 2."""

_as_json = False


def choose(*, as_json: bool) -> None:
    """Settle which of the two this process prints."""
    global _as_json
    _as_json = as_json


def say(text: str, **fields: object) -> None:
    """Print one result: its text, or with `--json` its fields as one line."""
    print(json.dumps(fields, default=str, ensure_ascii=False) if _as_json else text, flush=True)


def progress(text: str) -> None:
    """Tell a person at a terminal how far it is; programs and files are told nothing."""
    if sys.stderr.isatty() and not _as_json:
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def progress_done() -> None:
    """Clear the line of `progress`."""
    progress("")


def fail(text: str) -> NoReturn:
    """Say in one line why it could not be done, and end with status 1."""
    print(json.dumps({"error": text}, ensure_ascii=False) if _as_json else text, file=sys.stderr, flush=True)
    raise SystemExit(COULD_NOT)
