"""What was held of a member under another record, before the two were merged: theirs to see like everything else."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.registry import showing
from services.registry.duplicates import leading
from services.registry.duplicates.model import Merge
from services.registry.model import Consent
from shared.database import Transaction

OUR_OWN = ("version", "name_key", "search_key", "known_as", "value_key", "member_id", "submission_id", "import_id")
"""Columns that are only for our own use, or ids that mean nothing to anybody."""


async def earlier(session: Transaction, member_id: UUID) -> list[dict[str, Any]]:
    """Return each record that was merged into a member's, one through another, as it was, with all that was answered under it."""
    ids = [member_id, *await leading.halves(session, member_id)]
    merges = await session.scalars(select(Merge).where(Merge.kept_id.in_(ids), Merge.undone_at.is_(None)).order_by(Merge.at))
    found = []
    for merge in merges:
        consents = await session.scalars(select(Consent).where(Consent.member_id == merge.absorbed_id).order_by(Consent.sequence))
        found.append(
            {
                "merged_at": merge.at.isoformat(),
                "record": _told(merge.before["absorbed"]),
                "contacts": [_told(row) for row in merge.before["absorbed_contacts"]],
                "consents": [showing.OwnConsent.model_validate(each).model_dump(mode="json") for each in consents],
            }
        )
    return found


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in OUR_OWN and value is not None}
