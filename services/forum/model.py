"""An edition of the forum, who is invited to speak at it, and the team that prepares it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.forum.dates import answer_deadline
from shared.contracts.forum import SpeakerConfirmed, SpeakerDeclined, SpeakerInvited, TeamChanged
from shared.contracts.gateway import InvitationAnswered, Language
from shared.database import COLUMNS

Status = Literal["invited", "confirmed", "declined", "waitlisted", "withdrawn"]
TICK = timedelta(microseconds=1)
"""The least step of a PostgreSQL timestamp."""


class Base(DeclarativeBase):
    """The forum's tables."""

    type_annotation_map = COLUMNS


@dataclass(frozen=True)
class Needs:
    """What a speaker needs. Diet and access are health data: they are shown to the forum team and travel in no event."""

    travel: str = ""
    diet: str = ""
    access: str = ""
    equipment: str = ""


class Edition(Base):
    """One forum. The newest by `starts_on` is the one being prepared."""

    __tablename__ = "edition"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_on: Mapped[date] = mapped_column(unique=True)
    days: Mapped[int]
    places: Mapped[int]
    """How many speakers there is room for."""

    @property
    def ends_on(self) -> date:
        """The last day."""
        return self.starts_on + timedelta(days=self.days - 1)

    def invite(self, invitation_id: UUID, *, name: str, email: str, language: Language, note: str, at: datetime) -> "Invitation":
        """Return a new invitation to speak at this edition."""
        return Invitation(
            id=invitation_id,
            edition_id=self.id,
            name=name,
            email=email,
            email_key=email_key(email),
            language=language,
            note=note,
            status="invited",
            **dict.fromkeys(("talk_title", "abstract", "biography", "travel", "diet", "access", "equipment"), ""),
            invited_at=at,
            decided_at=at,
            deadline=answer_deadline(self.starts_on, at),
            version=1,
        )


class Invitation(Base):
    """An invitation to speak; once accepted, the speaker. One for each e-mail address and edition."""

    __tablename__ = "invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    edition_id: Mapped[UUID] = mapped_column(ForeignKey("edition.id"))
    name: Mapped[str]
    email: Mapped[str]
    """As staff wrote it."""
    email_key: Mapped[str]
    """The address as it is compared: see `email_key`."""
    language: Mapped[Language] = mapped_column(Text)
    note: Mapped[str]
    """For the team; the invited person never sees it."""
    status: Mapped[Status] = mapped_column(Text)
    talk_title: Mapped[str]
    abstract: Mapped[str]
    biography: Mapped[str]
    travel: Mapped[str]
    diet: Mapped[str]
    access: Mapped[str]
    equipment: Mapped[str]
    invited_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deadline: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)
    """When the answer that counts was given."""
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """The moment that the last announcement bears; it only rises, so that listeners can tell which is newer."""
    version: Mapped[int]

    @property
    def needs(self) -> Needs:
        """What the speaker needs."""
        return Needs(travel=self.travel, diet=self.diet, access=self.access, equipment=self.equipment)

    def invited(self) -> SpeakerInvited:
        """Return the invitation as listeners hear of it."""
        return SpeakerInvited(invitation_id=self.id, name=self.name, email=self.email, language=self.language, deadline=self.deadline)

    def confirmed(self) -> SpeakerConfirmed:
        """Return the confirmed speaker as listeners hear of them."""
        return SpeakerConfirmed(speaker_id=self.id, name=self.name, talk_title=self.talk_title, at=self.decided_at)

    def declined(self) -> SpeakerDeclined:
        """Return the person who will not speak as listeners hear of them."""
        return SpeakerDeclined(speaker_id=self.id, name=self.name, at=self.decided_at)

    def answer(self, answer: InvitationAnswered, *, places_left: int) -> SpeakerConfirmed | SpeakerDeclined | None:
        """Record a yes or no; of several the one given last counts, in whichever order they come.

        A yes without a place left waits. A second yes may change the talk; a new title is announced again.

        Returns:
            What is new; None if the answer is an older one, changes nothing that listeners know, or has to wait for a place.
        """
        if self.status == "withdrawn" or (self.answered_at is not None and answer.at <= self.answered_at):
            return None
        self.answered_at = answer.at
        self.version += 1
        return self._accept(answer, places_left) if answer.answer == "accept" else self._decline(answer.at)

    def move_up(self, at: datetime) -> SpeakerConfirmed:
        """Give a waiting person the place that became free at this moment."""
        self.status = "confirmed"
        self.version += 1
        self._decide(at)
        return self.confirmed()

    def withdraw(self, at: datetime) -> None:
        """Take the invitation back; a later answer changes nothing any more. A second call does nothing."""
        if self.status != "withdrawn":
            self.status = "withdrawn"
            self.version += 1
            self._forget_needs()
            self._decide(at)

    def ask_for(self, needs: Needs) -> None:
        """Record what the speaker needs, whole."""
        if needs != self.needs:
            self._need(needs)
            self.version += 1

    def _accept(self, answer: InvitationAnswered, places_left: int) -> SpeakerConfirmed | None:
        known = self.talk_title if self.status == "confirmed" else None
        self.talk_title = answer.talk_title or self.talk_title
        self.abstract = answer.abstract or self.abstract
        self.biography = answer.biography or self.biography
        if known is None and places_left < 1:
            self.status = "waitlisted"
        elif known != self.talk_title:
            self.status = "confirmed"
            self._decide(answer.at)
            return self.confirmed()
        return None

    def _decline(self, at: datetime) -> SpeakerDeclined | None:
        if self.status == "declined":
            return None
        self.status = "declined"
        self._forget_needs()
        self._decide(at)
        return self.declined()

    def _forget_needs(self) -> None:
        # Who does not come needs nothing, and health data is kept only as long as it serves.
        self._need(Needs())

    def _need(self, needs: Needs) -> None:
        self.travel, self.diet, self.access, self.equipment = needs.travel, needs.diet, needs.access, needs.equipment

    def _decide(self, at: datetime) -> None:
        # A place that became free late can have been given in the name of a later moment than an answer which comes after it.
        self.decided_at = max(at, self.decided_at + TICK)


class Team(Base):
    """The forum team's addresses; one row, or none before the first value."""

    __tablename__ = "team"

    only: Mapped[bool] = mapped_column(primary_key=True)
    version: Mapped[int]
    emails: Mapped[list[str]] = mapped_column(ARRAY(Text))

    def changed(self) -> TeamChanged:
        """Return the team as listeners hear of it."""
        return TeamChanged(version=self.version, emails=tuple(self.emails))

    @classmethod
    def first(cls, emails: Iterable[str]) -> "Team":
        """Return the team before anybody edited it."""
        return cls(only=True, version=1, emails=each_once(emails))

    def become(self, emails: Iterable[str]) -> TeamChanged | None:
        """Replace the addresses; None if they are the same as before."""
        if (wanted := each_once(emails)) == self.emails:
            return None
        self.emails = wanted
        self.version += 1
        return self.changed()


def email_key(email: str) -> str:
    """Return an address as it is compared: two that differ in case alone are one person's."""
    return email.casefold()


def each_once(emails: Iterable[str]) -> list[str]:
    """Return the addresses in their order, each once; the first spelling of those that differ in case stays."""
    first: dict[str, str] = {}
    for email in emails:
        first.setdefault(email_key(email), email)
    return list(first.values())
