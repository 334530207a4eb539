"""Where a list goes on: cursors, read back into what the lists' own keys are made of."""

from datetime import datetime
from uuid import UUID

from shared.errors import FieldError, Invalid
from shared.web.language import mark
from shared.web.paging import Key

BIGGEST = 2**63 - 1
"""What a column of numbers holds."""


def wrong() -> Invalid:
    """Return the refusal of a cursor that is none of ours."""
    return Invalid(errors=[FieldError("/query/cursor", mark("Take the cursor from `next` of the page before, as it is."))])


def moment_and_id(cursor: Key | None) -> tuple[datetime, UUID] | None:
    """Return the place in a list that goes by a moment and an id.

    Raises:
        Invalid: the cursor is none of ours.
    """
    if cursor is None:
        return None
    try:
        at, identifier = cursor
        moment = datetime.fromisoformat(str(at))
        if moment.tzinfo is None:
            raise ValueError
        return moment, UUID(str(identifier))
    except ValueError:
        raise wrong() from None


def number(cursor: Key | None) -> int | None:
    """Return the place in a list that goes by a number.

    Raises:
        Invalid: the cursor is none of ours.
    """
    if cursor is None:
        return None
    match cursor:
        case (int(place),) if 0 <= place <= BIGGEST:
            return place
    raise wrong()
