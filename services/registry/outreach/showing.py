"""Partners, promises and key people as callers see them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.registry.outreach import codes
from services.registry.outreach.figures import Figures
from services.registry.outreach.model import Answer, Briefing, KeyStatus, Kind, PackStatus, Partner, Status
from shared.contracts.gateway import Language


class PartnerCounted(BaseModel):
    """A partner as a viewer sees it: what it is, and its figures."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    kind: Kind
    areas: list[str]
    figures: Figures


class PartnerShown(PartnerCounted):
    """A partner as it sees itself."""

    code: str
    link: str
    language: Language
    status: Status
    pack: PackStatus
    contact_name: str | None
    contact_email: str | None
    contact_phone: str | None
    version: int


class PartnerWhole(PartnerShown):
    """A partner as staff see it."""

    note: str | None
    pack_sent_at: datetime | None
    pack_opened_at: datetime | None
    pack_answered_at: datetime | None


class Partners(BaseModel):
    """A page of partners by name; `next` is the cursor of the following page."""

    items: list[PartnerWhole | PartnerShown | PartnerCounted]
    next: str | None


class PromiseShown(BaseModel):
    """Something that a partner said they would do."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    partner_id: UUID
    what: str
    due_on: date
    done_on: date | None
    delivered: str | None
    version: int


class Promises(BaseModel):
    """A partner's promises, what is due first, first."""

    items: list[PromiseShown]
    next: None = None


class BriefingShown(BaseModel):
    """A briefing pack that was sent."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    language: Language
    status: PackStatus
    sent_at: datetime
    opened_at: datetime | None
    answer: Answer | None
    answered_at: datetime | None


class KeyPersonShown(BaseModel):
    """Somebody whom we would like to have as a member; of one who has become a member only that, and whose record it is."""

    id: UUID
    status: KeyStatus
    name: str | None
    contact: str | None
    area: str | None
    language: Language
    source: str
    reason: str
    added_at: datetime
    told_at: datetime | None
    gone_at: datetime | None
    member_id: UUID | None
    version: int
    to_say: str
    """What they must hear at the first contact, in their language."""


class KeyPeople(BaseModel):
    """A page of key people, the newest first; `next` is the cursor of the following page."""

    items: list[KeyPersonShown]
    next: str | None


def counted(partner: Partner, figures: Figures) -> PartnerCounted:
    """Return a partner as a viewer sees it."""
    return PartnerCounted(id=partner.id, name=partner.name, kind=partner.kind, areas=partner.areas, figures=figures)


def whole(partner: Partner, figures: Figures, briefing: Briefing | None, base_url: str) -> PartnerWhole:
    """Return a partner as staff see it."""
    columns = {name: getattr(partner, name) for name in PartnerWhole.model_fields if name in Partner.__table__.columns}
    return PartnerWhole(
        **columns,
        figures=figures,
        link=codes.link(base_url, partner.code),
        pack=briefing.status if briefing else "none",
        pack_sent_at=briefing.sent_at if briefing else None,
        pack_opened_at=briefing.opened_at if briefing else None,
        pack_answered_at=briefing.answered_at if briefing else None,
    )


def own(shown: PartnerWhole) -> PartnerShown:
    """Return what a partner sees of itself: not what staff noted about it."""
    return PartnerShown.model_validate(shown.model_dump(include=set(PartnerShown.model_fields)))


def table(partners: Sequence[PartnerCounted]) -> Iterator[Iterable[str | int | None]]:
    """Give a row a partner, with the columns that this caller sees."""
    kind = type(partners[0]) if partners else PartnerCounted
    columns = [name for name in kind.model_fields if name != "figures"]
    yield *columns, "registered", "confirmed", "small"
    for partner in partners:
        plain = partner.model_dump(mode="json")
        cells = [" ".join(value) if isinstance(value, list) else value for value in (plain[name] for name in columns)]
        yield *cells, partner.figures.registered, partner.figures.confirmed, "true" if partner.figures.small else "false"
