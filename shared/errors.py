"""What can go wrong, and what becomes of it.

    KhokahanoError
    ├── Mistake            a delivery that can never succeed; it is dead-lettered at once
    │   ├── Malformed      the body is not the message that its type says
    │   └── Unknown        it speaks of something that we do not have
    ├── Contention         two transactions met; tried again at once, with fresh state
    ├── Outage             the database, the broker or the mail server is away; waited out
    └── Refusal            an HTTP request that is answered with a problem (RFC 9457)
        ├── Unauthenticated  401
        ├── Forbidden        403
        ├── NotFound         404
        ├── Conflict         409
        ├── TooLarge         413
        ├── UnsupportedType  415
        ├── Invalid          422, with a pointer for each bad field
        ├── TooMany          429, with Retry-After
        └── Unavailable      503, with Retry-After

A refusal by the domain (an invitation that was withdrawn, a member who exists) is no error: it is an event or a returned value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class KhokahanoError(Exception):
    """The root of what this project raises itself."""


class Mistake(KhokahanoError):
    """A delivery that can never succeed as it is. Its fate: the dead queue, with this text as the reason."""


class Malformed(Mistake):
    """The body or the type of a message is not what its queue carries."""


class Unknown(Mistake):
    """A message speaks of an id that its listener does not have."""


class Contention(KhokahanoError):
    """Two transactions met. Its fate: tried again at once, a few times, with fresh state."""


class Outage(KhokahanoError):
    """Something we depend on is away. Its fate: waited out."""


@dataclass(frozen=True)
class FieldError:
    """One bad field of a request.

    Attributes:
        pointer: a JSON pointer into the request's body, such as `/phone`.
        detail: what is wrong and what to do, in the caller's language; never the value itself.
    """

    pointer: str
    detail: str


class Refusal(KhokahanoError):
    """An HTTP request that is answered with a problem document.

    Args:
        detail: what is wrong with this request and what to do about it, translated by the caller; empty for the slug's own text.
    """

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "bad-request"

    def __init__(self, detail: str = "", *, errors: Sequence[FieldError] = (), retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.detail, self.errors, self.retry_after_seconds = detail, tuple(errors), retry_after_seconds


class Unauthenticated(Refusal):
    """Nobody is signed in, or the token is not known."""

    status, slug = 401, "unauthenticated"


class Forbidden(Refusal):
    """The caller's role does not allow this."""

    status, slug = 403, "forbidden"


class NotFound(Refusal):
    """There is no such thing, or none that the caller may know of."""

    status, slug = 404, "not-found"


class Conflict(Refusal):
    """The request does not fit the present state."""

    status, slug = 409, "conflict"


class TooLarge(Refusal):
    """The body is larger than the door it came to allows."""

    status, slug = 413, "too-large"


class UnsupportedType(Refusal):
    """The body's content type is not one that this door reads."""

    status, slug = 415, "unsupported-type"


class Invalid(Refusal):
    """Fields are missing or wrong; all of them are named at once."""

    status, slug = 422, "invalid"


class TooMany(Refusal):
    """The caller should wait."""

    status, slug = 429, "too-many"


class Unavailable(Refusal):
    """This process cannot do it now; the same request will work later."""

    status, slug = 503, "unavailable"
