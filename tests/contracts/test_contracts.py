"""The published language does not change unnoticed: each key has its committed schema and a recorded example that is accepted for ever."""

import importlib
import json
from pathlib import Path

import pytest

from shared.contracts.base import REGISTERED, Message
from shared.topology import LISTENINGS, SERVICES

HERE = Path(__file__).parent
KEYS = sorted(REGISTERED)


@pytest.mark.parametrize("key", KEYS)
def test_schema_is_the_committed_one(key: str) -> None:
    """An optional field with a default keeps v1 (`make schemas` records it); anything else is a new class and a new key."""
    committed = json.loads((HERE / "schemas" / f"{key}.json").read_text())
    assert REGISTERED[key].model_json_schema() == committed


@pytest.mark.parametrize("key", KEYS)
def test_schema_asks_for_no_more_than_it_did(key: str) -> None:
    """What was recorded when a key was made is read for ever."""
    example = (HERE / "examples" / f"{key}.json").read_text()
    message = REGISTERED[key].model_validate_json(example)
    assert REGISTERED[key].model_validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize("key", KEYS)
def test_key_is_owner_name_and_version(key: str) -> None:
    cls = REGISTERED[key]
    owner, name, version = key.split(".")
    assert cls.__module__ == f"shared.contracts.{owner}"
    assert name == "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).lstrip("_")
    assert version == "v1"


@pytest.mark.parametrize("key", KEYS)
def test_unknown_fields_are_ignored(key: str) -> None:
    example = json.loads((HERE / "examples" / f"{key}.json").read_text())
    assert REGISTERED[key].model_validate(example) == REGISTERED[key].model_validate({**example, "added_later": 1})


def test_every_message_has_a_listener() -> None:
    assert {row.message.key for row in LISTENINGS} == set(REGISTERED)


@pytest.mark.parametrize("service", SERVICES)
def test_handlers_are_what_the_topology_says(service: str) -> None:
    handlers = importlib.import_module(f"services.{service}.handlers").listener.handlers
    assert set(handlers) == {row.message for row in LISTENINGS if row.listener == service}


def test_queues_say_everything_that_a_broker_might_default() -> None:
    for row in LISTENINGS:
        assert row.queue == f"{row.listener}:{row.message.key}"
        assert row.arguments == {
            "x-queue-type": "quorum",
            "x-delivery-limit": 100,
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"{row.queue}.dead",
            "x-dead-letter-strategy": "at-least-once",
        }
        assert row.dead_arguments == {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


def test_messages_cannot_be_changed() -> None:
    for cls in REGISTERED.values():
        assert issubclass(cls, Message)
        assert cls.model_config["frozen"]
