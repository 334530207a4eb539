"""Writing down who looked at whom, in the transaction that reads, so that nothing is shown without its record."""

from collections.abc import Iterable
from uuid import UUID

from services.registry.model import Audit
from shared.clock import now
from shared.database import Transaction
from shared.identity import Identity


def audit(
    session: Transaction, who: Identity, what: str, ids: Iterable[UUID] = (), *, detail: str | None = None, why: str | None = None
) -> None:
    """Add one record; a list is one, with the ids that were shown."""
    session.add(
        Audit(
            at=now(),
            who=who.id,
            role=who.role or "",
            organisation=who.organisation,
            what=what,
            ids=list(ids),
            detail=detail,
            why=why,
        )
    )
