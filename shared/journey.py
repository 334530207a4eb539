"""The correlation id: one name for all that happens because of one thing said outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def current() -> str | None:
    """Return the journey that this task is on."""
    return _current.get()


@contextmanager
def on(correlation_id: str | None) -> Iterator[None]:
    """Be on this journey until the block ends."""
    token = _current.set(correlation_id)
    try:
        yield
    finally:
        _current.reset(token)
