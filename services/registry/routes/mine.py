"""What all of a member's own pages share: whose link it is, and what is kept of them."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from services.registry import records
from services.registry.duplicates import leading
from services.registry.model import Consent, Member
from shared.database import Transaction
from shared.errors import NotFound
from shared.identity import require_link
from shared.tokens import Link

Mine = Annotated[Link, Depends(require_link("manage"))]


async def own_member(session: Transaction, link: Link, *, for_update: bool = False) -> Member:
    """Return whose link it is; a link from before a merge is the kept member's.

    Raises:
        NotFound: they are gone, as is any link of theirs.
    """
    member_id = await leading.whose(session, link.subject)
    if for_update:
        members = await records.members_for_update(session, [member_id])
        if not members:
            raise NotFound
        return members[0]
    member = await session.scalar(select(Member).where(Member.id == member_id).options(selectinload(Member.contacts)))
    if member is None:
        raise NotFound
    return member


async def own_consents(session: Transaction, member: Member) -> list[Consent]:
    """Return all that the member ever answered, in the order in which it was recorded."""
    return list(await session.scalars(select(Consent).where(Consent.member_id == member.id).order_by(Consent.id)))
