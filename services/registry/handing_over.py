"""Handing the register from one office to the other: a record of who, when and what, that is added and never changed. See decision 19."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, Identity, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.model import ConsentRoot
from services.registry.model.base import Base
from shared.audit import note
from shared.database import Transaction
from shared.errors import KhokahanoError
from shared.identity import Identity as Actor
from shared.web.language import mark

Office = Literal["iom", "directorate"]
OFFICES: tuple[Office, ...] = get_args(Office)
NAMES: dict[str, str] = {
    "iom": "IOM Lesotho",
    "directorate": mark("the Diaspora Directorate in the Ministry of Foreign Affairs of Lesotho"),
}
"""Who holds the register by the wordings that people agreed to; nobody else can be handed it."""
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('khokahano.transfer', 0))")
COUNTS = text(
    "SELECT (SELECT count(*) FROM member) AS members, (SELECT count(*) FROM member WHERE confirmed_at IS NOT NULL) AS confirmed,"
    " (SELECT count(*) FROM consent) AS consents, (SELECT count(*) FROM consent WHERE id > :rooted) AS consents_since_the_root,"
    " (SELECT version_num FROM alembic_version) AS version"
)


class Refused(KhokahanoError):
    """The register cannot be handed over like this."""


class Transfer(Base):
    """One handing over.

    Attributes:
        giver: who held the register with the taker, or alone, and does so no more.
        signed_by: who answers for this record, by name and office.
        document: SHA-256 of the signed agreement.
        counts: what was handed over, in numbers.
        root: the last root of the ledger of consents, of the end of `root_day`; None where there was none yet.
    """

    __tablename__ = "transfer"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    giver: Mapped[str]
    taker: Mapped[str]
    signed_by: Mapped[str]
    reason: Mapped[str]
    document: Mapped[bytes]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    root_day: Mapped[date | None]
    root: Mapped[bytes | None]
    schema_version: Mapped[str]


async def transfers(session: Transaction) -> Sequence[Transfer]:
    """Return every handing over, the first first."""
    return (await session.scalars(select(Transfer).order_by(Transfer.id))).all()


def holders(handed: Sequence[Transfer]) -> tuple[Office, ...]:
    """Return who holds the register after these transfers: both offices, until one hands it to the other."""
    return tuple(office for office in OFFICES if office == handed[-1].taker) if handed else OFFICES


async def hand_over(
    session: Transaction, *, giver: Office, taker: Office, signed_by: str, reason: str, document: bytes, at: datetime
) -> Transfer:
    """Record that one office hands the register to the other, with what there is at this moment.

    Raises:
        Refused: the giver does not hold it.
    """
    await session.execute(LOCK)
    held_by = holders(await transfers(session))
    if giver == taker or giver not in held_by:
        raise Refused(f"{giver} cannot hand it over: it is held by {' and '.join(held_by)}")
    root = await session.scalar(select(ConsentRoot).order_by(ConsentRoot.number.desc()).limit(1))
    row = (await session.execute(COUNTS, {"rooted": root.last_id if root else 0})).one()
    done = Transfer(
        at=at,
        giver=giver,
        taker=taker,
        signed_by=signed_by,
        reason=reason,
        document=document,
        counts={name: value for name, value in row._mapping.items() if name != "version"},
        root_day=root.day if root else None,
        root=root.root if root else None,
        schema_version=row.version,
    )
    session.add(done)
    actor = Actor(kind="staff", id="command line", name=signed_by, role="admin", organisation=giver)
    note(session, actor, "register_handed_over", why=reason, giver=giver, taker=taker, document=document.hex())
    await session.flush()
    return done
