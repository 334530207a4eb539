"""Logs: one JSON object a line, with the correlation id, and never with who or where somebody is."""

import logging as stdlib
import re
import sys
from collections.abc import Mapping, MutableMapping
from types import ModuleType
from typing import Any, TextIO

import orjson

# structlog takes rich, where it finds it, for colours that a service never prints: 4 MB in each.
_found: ModuleType | None = sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # None says: not to be had.
import structlog  # noqa: E402

if _found is None:
    del sys.modules["rich"]

from shared import journey  # noqa: E402

PERSONAL = frozenset(
    {"given_name", "family_name", "name", "email", "emails", "phone", "whatsapp", "address", "recipient", "city", "birth_year"}
    | {"occupation", "talk_title", "abstract", "biography", "needs", "note", "contribution_note", "text", "q"}
    | {"token", "cookie", "authorization", "password", "body", "value"}
)
"""Keys whose values never reach a log."""
_ADDRESS = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")
_NUMBER = re.compile(r"(?<![\w.:-])\+?\d[\d ()-]{7,}\d(?![\w:-])")
_LINK = re.compile(r"/(confirm|me|unsubscribe|speaker|rsvp|sign-in|briefing|erased)/[^\s/?\"']+")


def scrub(text: str) -> str:
    """Return the text without addresses, numbers and link tokens."""
    return _LINK.sub(r"/\1/[token]", _NUMBER.sub("[number]", _ADDRESS.sub("[address]", text)))


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in PERSONAL:
            event[key] = "[redacted]"
        elif isinstance(value, str) and key not in ("timestamp", "correlation_id", "message_id"):
            event[key] = scrub(value)
    return event


def _correlate(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (correlation_id := journey.current()) is not None:
        event.setdefault("correlation_id", correlation_id)
    return event


def _error_type(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep of an exception its type and where it happened; its text may quote a person."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else sys.exc_info()[1] if info else None
    if error is not None:
        event["error"] = type(error).__name__
        frames, trace = [], error.__traceback__
        while trace is not None:
            frames.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
            trace = trace.tb_next
        event["where"] = " > ".join(frames[-6:])
    return event


def _dumps(event: Mapping[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def configure(service: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Send this process's logs, and its libraries' warnings, to a stream (standard output) as JSON lines."""
    steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _correlate,
        _error_type,
        _redact,
    ]
    structlog.contextvars.bind_contextvars(service=service)
    structlog.configure(
        processors=[*steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(stdlib, level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = stdlib.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *steps],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(serializer=_dumps)],
        )
    )
    root = stdlib.getLogger()
    root.handlers[:] = [handler]
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # It prints errors whole, and by itself.
        server = stdlib.getLogger(name)
        if server.hasHandlers():  # One that was silenced (`--no-access-log`) stays so, and costs nothing.
            server.handlers.clear()
            server.propagate = True
    root.setLevel(stdlib.WARNING)
    stdlib.getLogger("khokahano").setLevel(level.upper())
    stdlib.getLogger("aiormq").setLevel(stdlib.CRITICAL)  # Reconnecting is told by our own events.
    stdlib.getLogger("aio_pika").setLevel(stdlib.CRITICAL)


def get(name: str) -> Any:
    """Return a logger; events are snake_case facts, details are keywords."""
    return structlog.get_logger(f"khokahano.{name}")
