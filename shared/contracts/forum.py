"""What the forum decided."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.base import Message, Moment
from shared.contracts.gateway import Language


class SpeakerInvited(Message):
    """Staff invited a speaker."""

    key: ClassVar[str] = "forum.speaker_invited.v1"

    invitation_id: UUID
    name: str
    email: str
    language: Language
    deadline: Moment


class SpeakerConfirmed(Message):
    """An invited speaker said yes."""

    key: ClassVar[str] = "forum.speaker_confirmed.v1"

    speaker_id: UUID
    """The invitation's id: a speaker is an invitation that was accepted."""
    name: str
    talk_title: str
    at: Moment


class SpeakerDeclined(Message):
    """An invited speaker said no."""

    key: ClassVar[str] = "forum.speaker_declined.v1"

    speaker_id: UUID
    name: str
    at: Moment


class TeamChanged(Message):
    """The forum team's addresses, whole. A higher `version` replaces a lower one."""

    key: ClassVar[str] = "forum.team_changed.v1"

    version: int
    emails: tuple[str, ...]


class ErasureCompleted(Message):
    """Nothing about an erased member is left here."""

    key: ClassVar[str] = "forum.erasure_completed.v1"

    member_id: UUID
    at: Moment
