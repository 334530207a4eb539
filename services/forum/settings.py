"""The variables that the forum adds."""

from datetime import date

from pydantic import Field

from shared.settings import CommaSeparated, DatabaseUrl, KeyRing, Settings


class ForumSettings(Settings):
    """What the forum reads."""

    forum_database_url: DatabaseUrl
    forum_identity_keys: KeyRing
    """Check who is asking: the gateway's and the forum's alone."""
    forum_starts_on: date | None = None
    """Unset: the Wednesday before the next Good Friday that is at least 8 weeks off."""
    forum_days: int = Field(default=2, ge=1, le=14)
    forum_places: int = Field(default=6, ge=1)
    """How many speakers there is room for."""
    forum_team_emails: CommaSeparated = Field(default_factory=list)
    """The forum team's first addresses; edited on the desk later."""
