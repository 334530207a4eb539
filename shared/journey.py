"""The correlation id: one name for all that happens because of one thing said outside."""

from contextlib import AbstractContextManager
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)


class _Stay(AbstractContextManager[None]):
    """A class, since every request and every message enters one: a generator's block costs twice as much."""

    __slots__ = ("_correlation_id", "_token")

    def __init__(self, correlation_id: str | None) -> None:
        self._correlation_id = correlation_id

    def __enter__(self) -> None:
        self._token = _current.set(self._correlation_id)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def current() -> str | None:
    """Return the journey that this task is on."""
    return _current.get()


def on(correlation_id: str | None) -> AbstractContextManager[None]:
    """Be on this journey until the block ends."""
    return _Stay(correlation_id)
