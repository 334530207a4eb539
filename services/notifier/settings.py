"""The variables that the notifier adds."""

from typing import Literal

from pydantic import Field, SecretStr

from shared.settings import DatabaseUrl, KeyRing, Settings


class NotifierSettings(Settings):
    """What the notifier reads."""

    notifier_database_url: DatabaseUrl
    notifier_identity_keys: KeyRing
    """Check who is asking: the gateway's and the notifier's alone."""
    suppression_key: SecretStr = Field(min_length=32)
    """Hashes the addresses that must not be written to again."""
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_connections: int = Field(default=8, ge=1, le=64)
    """Connections kept open to the mail server."""
    smtp_timeout_seconds: float = 30.0
    """The most one step of an SMTP conversation may take."""
    mail_from: str = "Khokahano <khokahano@example.org>"
    mail_domain: str = "example.org"
    """The right half of each Message-ID."""
    mail_retry_seconds: float = 60.0
    """The first pause after a refusal for now; it doubles up to `mail_retry_max_seconds`."""
    mail_retry_max_seconds: float = 3600.0
    mail_give_up_seconds: float = 5 * 86400.0
    """How long a mail is tried before it counts as failed."""
    sender_poll_seconds: float = 1.0
    sender_lease_seconds: float = 120.0
    """How long a claimed mail belongs to its sender; longer than one SMTP deadline."""
