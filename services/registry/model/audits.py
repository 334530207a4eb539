"""Who looked at whom, what they changed, and why. Rows are added, never changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.model.base import Base


class Audit(Base):
    """One look or change by staff; a list is one row with the ids that were shown.

    Attributes:
        what: such as `members listed` or `target set`.
        ids: the members concerned.
        detail: of a change that concerns no member: what it was about.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str]
    role: Mapped[str]
    organisation: Mapped[str]
    what: Mapped[str]
    ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    detail: Mapped[str | None]
    why: Mapped[str | None]
