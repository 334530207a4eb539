"""What staff may see of what was said, and the page behind a mail's *no more mail* link."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import select

from services.notifier.model import Contact, Delivery, Recipient, Status, Suppression, Template
from shared.audit import note
from shared.contracts.gateway import Channel, Language
from shared.errors import FieldError, Invalid
from shared.identity import Identity, require, require_link
from shared.service import Db
from shared.tokens import Link
from shared.web.language import chosen, language_of, mark, translate
from shared.web.pages import Pages
from shared.web.paging import Asked, Paging

staff = APIRouter(prefix="/api/v1", tags=["notifier"])
public = APIRouter(include_in_schema=False)
routers = (staff, public)
pages = Pages(Path(__file__).parent)

Reader = Annotated[Identity, Depends(require("admin", "officer", "consultant"))]


class ShownDelivery(BaseModel):
    """One thing said to one address. The address itself is the registry's to show."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    member_id: UUID | None
    contact_id: UUID | None
    channel: Channel
    template: Template
    language: Language
    status: Status
    attempts: int
    reason: str | None
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None


class ShownSuppression(BaseModel):
    """An address that is not written to.

    Attributes:
        address: shown while some member still has it; we keep a keyed hash only.
        scope: `information` where only what nobody asked for is held back.
    """

    id: UUID
    channel: Channel
    address: str | None
    reason: str
    scope: str
    since: datetime


class DeliveryPage(BaseModel):
    """Deliveries, newest first."""

    items: list[ShownDelivery]
    next: str | None


class SuppressionPage(BaseModel):
    """Suppressions, newest first."""

    items: list[ShownSuppression]
    next: str | None


def _after(request: Request, paging: Asked) -> UUID | None:
    """Return the id that the page begins after.

    Raises:
        Invalid: the cursor is another list's.
    """
    if paging.after is None:
        return None
    try:
        return UUID(str(paging.after[0]))
    except ValueError:
        text = translate(language_of(request), mark("Take the cursor from `next` of the page before, as it is."))
        raise Invalid(errors=[FieldError("/query/cursor", text)]) from None


@staff.get("/deliveries", response_model=DeliveryPage)
async def list_deliveries(
    request: Request,
    db: Db,
    who: Reader,
    paging: Paging,
    member_id: UUID | None = None,
    status: Annotated[Status | None, Query()] = None,
    template: Annotated[Template | None, Query()] = None,
    channel: Annotated[Channel | None, Query()] = None,
    since: Annotated[AwareDatetime | None, Query()] = None,
) -> dict[str, Any]:
    """List what was said, newest first."""
    query = select(Delivery).order_by(Delivery.id.desc()).limit(paging.fetch)
    if (after := _after(request, paging)) is not None:
        query = query.where(Delivery.id < after)
    wanted = {Delivery.member_id: member_id, Delivery.status: status, Delivery.template: template, Delivery.channel: channel}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(Delivery.created_at >= since)
    async with db.transaction() as session:
        rows = (await session.scalars(query)).all()
        note(session, who, "deliveries_listed", {row.member_id for row in rows if row.member_id} | ({member_id} if member_id else set()))
    return paging.answer(rows, lambda row: (str(row.id),), ShownDelivery.model_validate)


@staff.get("/suppressions", response_model=SuppressionPage)
async def list_suppressions(request: Request, db: Db, who: Reader, paging: Paging, channel: Channel | None = None) -> dict[str, Any]:
    """List the addresses that are not written to, newest first."""
    holder = select(Contact.value).where(Contact.address_key == Suppression.address_key, Contact.value.is_not(None)).limit(1)
    query = select(Suppression, holder.correlate(Suppression).scalar_subquery())
    query = query.order_by(Suppression.id.desc()).limit(paging.fetch)
    if (after := _after(request, paging)) is not None:
        query = query.where(Suppression.id < after)
    if channel is not None:
        query = query.where(Suppression.channel == channel)
    async with db.transaction() as session:
        rows = (await session.execute(query)).all()
        note(session, who, "suppressions_listed", rows=len(rows))
    shown = [
        ShownSuppression(id=s.id, channel=s.channel, address=address, reason=s.reason, scope=s.scope, since=s.since) for s, address in rows
    ]
    return paging.answer(shown, lambda row: (str(row.id),))


@public.get("/unsubscribe/{token}")
async def ask(request: Request, db: Db, link: Annotated[Link, Depends(require_link("unsubscribe"))]) -> HTMLResponse:
    """Ask whether mail should stop. Showing it changes nothing, since scanners follow links; the answer is the gateway's to hear.

    It speaks the language of the mail that holds the link, unless the reader has chosen another, and says nothing about anybody.
    """
    async with db.transaction() as session:
        written_in = await session.scalar(select(Recipient.language).where(Recipient.member_id == link.subject))
    return pages.render(request, "unsubscribe.html", language=chosen(request) or written_in)
