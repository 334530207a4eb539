"""The variables that the gateway adds."""

from shared.settings import DatabaseUrl, KeyRing, Settings


class GatewaySettings(Settings):
    """What the gateway reads."""

    gateway_database_url: DatabaseUrl
    registry_identity_keys: KeyRing
    notifier_identity_keys: KeyRing
    forum_identity_keys: KeyRing
    """Sign who is asking, one key ring a service."""
    registry_url: str = "http://127.0.0.1:8081"
    notifier_url: str = "http://127.0.0.1:8082"
    forum_url: str = "http://127.0.0.1:8083"
    proxy_timeout_seconds: float = 30.0
    """The most an owning service may take to begin its answer."""
    session_hours: float = 12.0
    intake_queue: int = 500
    """Registrations that wait for a commit before others get 503."""
    intake_wait_seconds: float = 2.0
    """How long one registration may wait for its commit before it gets 503."""
    import_window: int = 1000
    """The most of an import's submissions that may be unprocessed at a time."""
