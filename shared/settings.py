"""Settings that more than one service reads. All come from the environment; each may come from a file instead, `NAME_FILE`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict


def _split(value: object) -> object:
    """Read `a,b` as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _long_enough(keys: list[SecretStr]) -> list[SecretStr]:
    if not keys or any(len(key.get_secret_value()) < 32 for key in keys):
        raise ValueError("at least one key is needed, each of 32 characters or more")
    return keys


def _async_url(value: str) -> str:
    """Read any spelling of a PostgreSQL URL as one for asyncpg."""
    scheme, separator, rest = value.partition("://")
    if not separator or not scheme.startswith("postgres"):
        raise ValueError("not a PostgreSQL URL: postgresql://user:password@host:port/database")
    return f"postgresql+asyncpg://{rest}"


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split)]
KeyRing = Annotated[list[SecretStr], NoDecode, BeforeValidator(_split), AfterValidator(_long_enough)]
"""Keys, newest first: the first signs, all verify."""
DatabaseUrl = Annotated[str, AfterValidator(_async_url)]


class _EnvironmentOrFile(EnvSettingsSource):
    """The environment, where `NAME_FILE=path` stands for `NAME=<the file's text>`."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables: dict[str, str | None] = dict(super()._load_env_vars())
        for name in self.settings_cls.model_fields:
            if path := os.environ.get(f"{name.upper()}_FILE"):
                variables.setdefault(name, Path(path).read_text().strip())
        return variables


class BrokerSettings(BaseSettings):
    """Where the broker is."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True, hide_input_in_errors=True)

    rabbitmq_url: str = "amqp://guest:guest@127.0.0.1:5672/"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments first, then the environment; nothing else."""
        return init_settings, _EnvironmentOrFile(settings_cls)


class Settings(BrokerSettings):
    """What every service reads."""

    link_keys: KeyRing
    """Sign the links in messages: the notifier mints, the gateway checks."""
    khokahano_base_url: str = "http://127.0.0.1:8080"
    """What links begin with; no slash at the end."""
    country_of_origin: str = "LS"
    """ISO 3166-1: whose diaspora this is."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    batch_size: int = Field(default=100, ge=1, le=1000)
    """The most messages handled in one transaction, rows relayed at once and mails claimed at once."""
    relay_lease_seconds: float = 5.0
    """How long what a process has committed is its own to publish; what it could not is then anybody's."""
    relay_poll_seconds: float = 1.0
    """How often the outbox is looked at when nothing woke the relay."""
    stop_seconds: float = 20.0
    """How long a clean stop may take before what is in hand goes back."""
    consumer_timeout_seconds: float = 1800.0
    """The broker's own `consumer_timeout`: how long a delivery may stay unacknowledged."""
    outage_pause_seconds: float = 30.0
    """The longest pause between two tries while something is away."""
    database_pool_size: int = 8
    database_timeout_seconds: float = 10.0
    """The most one statement, or connecting, may take."""
