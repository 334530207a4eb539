"""What became of what we said."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.base import Message, Moment


class ContactUndeliverable(Message):
    """The receiving side refused an address for good; nothing more is sent to it."""

    key: ClassVar[str] = "notifier.contact_undeliverable.v1"

    member_id: UUID
    contact_id: UUID
    reason: str


class ErasureCompleted(Message):
    """Nothing about an erased member is left here."""

    key: ClassVar[str] = "notifier.erasure_completed.v1"

    member_id: UUID
    at: Moment
