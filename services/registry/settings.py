"""The variables that the registry adds."""

from shared.settings import DatabaseUrl, KeyRing, Settings


class RegistrySettings(Settings):
    """What the registry reads."""

    registry_database_url: DatabaseUrl
    registry_identity_keys: KeyRing
    """Check who is asking: the gateway's and the registry's alone."""
