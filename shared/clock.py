"""The one clock of a process; leases, due times and expiry of links go by the database's instead."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a new UUID version 7: later ids sort later, so that indexes grow at one end. It tells its time: no secret."""
    return UUID(int=uuid_utils.uuid7().int)
