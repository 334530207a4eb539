"""The outbox: an announcement commits together with the state that it announces, and a relay carries it to the broker."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import ARRAY, Boolean, Double, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import journey
from shared.clock import new_id, now
from shared.contracts.base import Message
from shared.database import after_commit, before_commit, database_of
from shared.messaging import Outgoing

WRITE = text(
    "INSERT INTO outbox (id, key, body, correlation_id, queue, again, not_before)"
    " SELECT id, key, body, correlation_id, queue, again, now() + make_interval(secs => :lease)"
    " FROM unnest(:ids, :keys, :bodies, :correlations, :queues, :agains) AS w(id, key, body, correlation_id, queue, again)"
).bindparams(
    bindparam("lease", type_=Double()),
    bindparam("ids", type_=ARRAY(Uuid())),
    *(bindparam(name, type_=ARRAY(Text())) for name in ("keys", "bodies", "correlations", "queues")),
    bindparam("agains", type_=ARRAY(Boolean())),
)
"""A lease of NULL seconds leaves a row to whichever relay comes first."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One row to write."""

    message: Message
    correlation_id: str | None
    queue: str | None
    again: bool


def put(session: AsyncSession, message: Message, *, cause: Message | None = None, queue: str | None = None, again: bool = False) -> None:
    """Announce a fact when this transaction commits.

    Args:
        cause: the delivered message that led to it, whose correlation id travels on; without one, the present journey's.
        queue: the one queue to go to, instead of to all who listen.
        again: a state announced anew: listeners update what they hold and cause no delivery.
    """
    waiting: list[Announcement] | None = session.info.get("outbox")
    if waiting is None:
        waiting = session.info["outbox"] = []
        before_commit(session, _write)
    correlation_id = cause.correlation_id if cause else None
    waiting.append(Announcement(message, correlation_id or journey.current(), queue, again))


async def _write(session: AsyncSession) -> None:
    """Write the rows; the relay of this process, if it has room, is given them once they are committed, and holds their lease till then."""
    announcements: Sequence[Announcement] = session.info.pop("outbox")
    bodies = [each.message.model_dump_json() for each in announcements]
    rows = [
        Outgoing(new_id(), each.message.key, body.encode(), each.correlation_id, each.queue, {"again": True} if each.again else {}, now())
        for each, body in zip(announcements, bodies, strict=True)
    ]
    relay = database_of(session).relay
    lease_seconds = relay.lease_seconds(len(rows)) if relay else None
    await session.execute(
        WRITE,
        {
            "lease": lease_seconds,
            "ids": [row.id for row in rows],
            "keys": [row.key for row in rows],
            "bodies": bodies,
            "correlations": [row.correlation_id for row in rows],
            "queues": [row.queue for row in rows],
            "agains": [each.again for each in announcements],
        },
    )
    if relay:
        after_commit(session, relay.wake if lease_seconds is None else partial(relay.carry, rows))
