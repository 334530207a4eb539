"""Writing down who did what."""

from uuid import UUID

from services.forum.model import Audit
from shared.clock import new_id, now
from shared.database import Transaction
from shared.identity import Identity


def note(session: Transaction, who: Identity, action: str, subject_id: UUID | None = None, **detail: str | int) -> None:
    """Write down, in the transaction of the act itself, who did or read what. Details hold no personal data."""
    who_id = f"{who.kind}:{who.link.subject if who.link else who.id}"
    session.add(Audit(id=new_id(), at=now(), who=who_id, action=action, subject_id=subject_id, detail=detail))
