"""What the gateway does about what others decided: it forgets."""

from collections.abc import Sequence
from uuid import UUID

from services.gateway import submissions
from shared.clock import now
from shared.contracts.gateway import ErasureCompleted
from shared.contracts.registry import MemberErased, RegistrationsProcessed
from shared.database import Transaction
from shared.delivery import Listener
from shared.erasing import Erased, note_erased
from shared.outbox import put
from shared.service import Context

listener = Listener("gateway")


@listener.batch(RegistrationsProcessed)
async def blank_processed(processed: list[RegistrationsProcessed], session: Transaction) -> None:
    """Mark submissions as processed, and forget what was said in them."""
    await submissions.blank(session, (identifier for batch in processed for identifier in batch.submission_ids))


@listener.each(MemberErased)
async def blank_erased(erased: MemberErased, session: Transaction) -> None:
    """Forget what an erased member ever submitted; what is not processed yet never will be shown again either."""
    await submissions.blank(session, erased.submission_ids)
    await note_erased(session, erased.member_id, named=erased.submission_ids)


async def forget_sheets(context: Context, erased: Sequence[Erased]) -> list[Erased]:
    """Delete the sheets in which erased members stand, and return whose are gone; one that is being worked through goes after that."""
    async with context.database.transaction() as session:
        await submissions.forget_sheets(session, [identifier for each in erased for identifier in each.named])
        return [each for each in erased if not await submissions.stand_in_sheets(session, each.named)]


async def answer_erasure(session: Transaction, member_id: UUID) -> None:
    """Say that nothing about an erased member is left here."""
    put(session, ErasureCompleted(member_id=member_id, at=now()))
