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
