"""The registry's present state, for a listener that is new or has lost its tables (`khokahano announce-again`)."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import selectinload

from services.registry.model import Member
from shared.contracts.base import Message
from shared.contracts.registry import MemberRegistered
from shared.database import Transaction

PAGE = 500


async def members(session: Transaction) -> AsyncIterator[Message]:
    """Give each member as registered, the first first, a page in memory at a time."""
    page = select(Member).options(selectinload(Member.contacts)).order_by(Member.registered_at, Member.id).limit(PAGE)
    after = None
    while found := list((await session.execute(page if after is None else page.where(after))).scalars()):
        for member in found:
            yield MemberRegistered(**member.state(), submission_id=member.submission_id, way=member.way)
        last: tuple[object, UUID] = (found[-1].registered_at, found[-1].id)
        after = tuple_(Member.registered_at, Member.id) > last
        session.expunge_all()


ANNOUNCERS = {MemberRegistered.key: members}
