"""What the gateway does about what others decided: it forgets."""

from services.gateway import submissions
from shared.contracts.registry import MemberErased, RegistrationsProcessed
from shared.database import Transaction
from shared.delivery import Listener

listener = Listener("gateway")


@listener.batch(RegistrationsProcessed)
async def blank_processed(processed: list[RegistrationsProcessed], session: Transaction) -> None:
    """Mark submissions as processed, and forget what was said in them."""
    await submissions.blank(session, (identifier for batch in processed for identifier in batch.submission_ids))


@listener.each(MemberErased)
async def blank_erased(erased: MemberErased, session: Transaction) -> None:
    """Forget what an erased member ever submitted; what is not processed yet never will be shown again either."""
    await submissions.blank(session, erased.submission_ids)
