"""The variables that the notifier adds."""

from functools import cache
from typing import Literal

from pydantic import Field, SecretStr, model_validator

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
    smtp_connections: int = Field(default=32, ge=1, le=64)
    """Connections kept open to the mail server."""
    smtp_timeout_seconds: float = 30.0
    """The most one step of an SMTP conversation may take, but for the last: the answer to a mail's body."""
    smtp_accept_seconds: float = 600.0
    """How long the answer to a mail's body is waited for: giving up early sends it twice. Source: RFC 5321, section 4.5.3.2.6."""
    smtp_slow_seconds: float = 3.0
    """After so long without an answer to a body a connection is stuck: another takes its place, and the mail's domain gets a strike."""
    mail_from: str = "Khokahano <khokahano@example.org>"
    mail_domain: str = "example.org"
    """The right half of each Message-ID."""
    mail_retry_seconds: float = 60.0
    """The first pause after a refusal for now; it doubles up to `mail_retry_max_seconds`."""
    mail_retry_max_seconds: float = 3600.0
    mail_give_up_seconds: float = 5 * 86400.0
    """How long a mail is tried before it counts as failed."""
    bulk_size: int = Field(default=500, ge=1, le=5000)
    """The most mails of announcements in a sender's hands, about a second's worth else; nothing is prepared beyond them."""
    sender_poll_seconds: float = 0.5
    sender_lease_seconds: float = 120.0
    """How long a claimed mail belongs to its sender; at least two SMTP deadlines."""

    @model_validator(mode="after")
    def _lease_is_long_enough(self) -> "NotifierSettings":
        if self.sender_lease_seconds < 2 * self.smtp_timeout_seconds:
            raise ValueError("SENDER_LEASE_SECONDS must be at least twice SMTP_TIMEOUT_SECONDS")
        return self


@cache
def load() -> NotifierSettings:
    """Read the environment, once."""
    return NotifierSettings()
