"""The variables that the registry adds."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import DatabaseUrl, KeyRing, Settings


class RegistrySettings(Settings):
    """What the registry reads."""

    registry_database_url: DatabaseUrl
    registry_identity_keys: KeyRing
    """Check who is asking: the gateway's and the registry's alone."""
    suppression_key: SecretStr = Field(min_length=32)
    """Marks who was erased, so that a sheet cannot bring them back; never changed."""
    erasure_journal: Path | None = None
    """The file of erased members' ids, outside the database and its backups; unset: none is kept."""
    keep_unconfirmed_days: int = Field(default=60, ge=0)
    """A registration that nobody confirmed; 0 keeps it for ever, as in the three below."""
    keep_inactive_days: int = Field(default=1825, ge=0)
    """A member who wants no information, and of whom nothing was heard since."""
    keep_bounced_days: int = Field(default=180, ge=0)
    """An address or a number that reaches nobody."""
    keep_on_call_list_days: int = Field(default=30, ge=1)
    """How long whom only a call reaches is on the call list before they are dropped."""
    keep_night_hour: int = Field(default=1, ge=0, le=23)
    """The hour (UTC) from which each night what is too old is dropped; 1 is three o'clock in Lesotho."""
