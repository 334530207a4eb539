"""Where an absorbed member's id leads now, and the ids of contacts: links and messages carry the old ones for as long as they are good."""

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ARRAY, Uuid, bindparam, text

from shared.database import Transaction

LONGEST = 20
"""More merges in a row than anybody makes."""

Said = TypeVar("Said", bound=BaseModel)

KEPT = text("SELECT kept_id FROM merge WHERE absorbed_id = :id AND undone_at IS NULL")
BECAME = text("SELECT became FROM contact_moved WHERE contact_id = :id")
HALVES = text(
    """
    WITH RECURSIVE half AS (
        SELECT id, absorbed_id, before FROM merge WHERE kept_id = :id AND undone_at IS NULL
        UNION ALL
        SELECT merge.id, merge.absorbed_id, merge.before FROM merge JOIN half ON merge.kept_id = half.absorbed_id
        WHERE merge.undone_at IS NULL
    ) SELECT absorbed_id FROM half
    """
)
MOVE = text(
    "INSERT INTO contact_moved (contact_id, became) SELECT * FROM unnest(:contacts, :became)"
    " ON CONFLICT (contact_id) DO UPDATE SET became = excluded.became"
).bindparams(*(bindparam(name, type_=ARRAY(Uuid())) for name in ("contacts", "became")))
# A merge is the stricter of two consents, and its undoing brings the other back.
MAY_RETURN = text(
    """
    WITH half AS (
        SELECT jsonb_array_elements(jsonb_build_array(before->'kept', before->'absorbed')) AS said
        FROM merge WHERE kept_id = :id AND undone_at IS NULL
    )
    SELECT DISTINCT jsonb_array_elements_text(said->'information') FROM half
    UNION ALL SELECT DISTINCT 'sharing' FROM half WHERE (said->>'sharing')::boolean
    """
)
UNMOVE = text("DELETE FROM contact_moved WHERE contact_id = ANY (:contacts)").bindparams(bindparam("contacts", type_=ARRAY(Uuid())))
LED_TO = text(
    """
    WITH RECURSIVE led AS (
        SELECT contact_id FROM contact_moved WHERE became = ANY (:contacts)
        UNION SELECT contact_moved.contact_id FROM contact_moved JOIN led ON contact_moved.became = led.contact_id
    ) SELECT contact_id FROM led
    """
).bindparams(bindparam("contacts", type_=ARRAY(Uuid())))


async def whose(session: Transaction, member_id: UUID) -> UUID:
    """Return the member that this id means now; anybody who was not absorbed is themselves."""
    for _ in range(LONGEST):
        found = await session.scalar(KEPT, {"id": member_id})
        if found is None:
            break
        member_id = UUID(str(found))
    return member_id


async def may_return(session: Transaction, member_id: UUID) -> set[str]:
    """Return the channels, and `sharing`, to which a member agreed under one of the records that a merge made theirs.

    Undoing it would have them agree again, unless a withdrawal is on record though nothing is in force.
    """
    return set((await session.execute(MAY_RETURN, {"id": member_id})).scalars())


async def which(session: Transaction, contact_id: UUID) -> UUID:
    """Return the contact that this id means now."""
    for _ in range(LONGEST):
        found = await session.scalar(BECAME, {"id": contact_id})
        if found is None:
            break
        contact_id = UUID(str(found))
    return contact_id


async def follow(session: Transaction, said: Said) -> Said:
    """Return what was said of a member, of whoever they are now.

    A contact says best whose it is: after an undoing it may have gone back.
    """
    found: dict[str, UUID] = {}
    contact_id: UUID | None = getattr(said, "contact_id", None)
    if contact_id is not None and (now := await which(session, contact_id)) != contact_id:
        owner = await session.scalar(text("SELECT member_id FROM contact WHERE id = :id"), {"id": now})
        found = {"contact_id": now} | ({"member_id": UUID(str(owner))} if owner else {})
    if "member_id" not in found:
        member_id: UUID = said.member_id  # type: ignore[attr-defined]  # Whoever calls has such a message.
        found["member_id"] = await whose(session, member_id)
    return said.model_copy(update=found)


async def halves(session: Transaction, member_id: UUID) -> list[UUID]:
    """Return everybody who was found to be this member, one through another."""
    return [UUID(str(found)) for found in (await session.execute(HALVES, {"id": member_id})).scalars()]


async def lead(session: Transaction, moved: Mapping[UUID, UUID]) -> None:
    """Have each of these contacts mean another from now on."""
    if moved:
        await session.execute(MOVE, {"contacts": list(moved), "became": list(moved.values())})


async def lead_no_more(session: Transaction, contacts: list[UUID]) -> None:
    """Have these contacts mean themselves again."""
    await session.execute(UNMOVE, {"contacts": contacts})


async def led_to(session: Transaction, contacts: list[UUID]) -> list[UUID]:
    """Return the ids that mean one of these contacts now."""
    return [UUID(str(found)) for found in (await session.execute(LED_TO, {"contacts": contacts})).scalars()]
