from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.containers import make_databases, make_secrets
from ops.services import SETTINGS, names
from shared.topology import SERVICES

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS_OF = {
    "gateway": {
        "GATEWAY_DATABASE_URL",
        "REGISTRY_IDENTITY_KEYS",
        "NOTIFIER_IDENTITY_KEYS",
        "FORUM_IDENTITY_KEYS",
        "LINK_KEYS",
        "RABBITMQ_URL",
    },
    "registry": {"REGISTRY_DATABASE_URL", "REGISTRY_IDENTITY_KEYS", "LINK_KEYS", "RABBITMQ_URL", "SUPPRESSION_KEY"},
    "notifier": {"NOTIFIER_DATABASE_URL", "NOTIFIER_IDENTITY_KEYS", "LINK_KEYS", "RABBITMQ_URL", "SUPPRESSION_KEY"},
    "forum": {"FORUM_DATABASE_URL", "FORUM_IDENTITY_KEYS", "LINK_KEYS", "RABBITMQ_URL"},
}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    for name in (*SERVICES, "postgres", "rabbitmq"):
        (tmp_path / name).mkdir()
    assert make_secrets(tmp_path)
    return tmp_path


def test_containers_are_the_services_and_what_they_need() -> None:
    assert set(CONTAINERS) == {*SERVICES, "postgres", "rabbitmq", "mail", "secrets", "migrate"}


@pytest.mark.parametrize("service", SERVICES)
def test_service_can_be_told_every_setting_of_its_own_and_no_other(service: str) -> None:
    told = {name.removesuffix("_FILE") for name in CONTAINERS[service]["environment"]}
    assert told == set(names(service))


@pytest.mark.parametrize("service", SERVICES)
def test_required_settings_of_a_service_are_made_for_it_alone(service: str, secrets: Path) -> None:
    files = {name.removesuffix("_FILE"): Path(path) for name, path in CONTAINERS[service]["environment"].items() if name.endswith("_FILE")}
    assert set(files) == SECRETS_OF[service] == {path.name for path in (secrets / service).iterdir()}
    assert {path.parent for path in files.values()} == {Path("/secrets")}
    journal = ["erasures:/erasures"] if service == "registry" else []
    assert CONTAINERS[service]["volumes"] == [f"{service}-secrets:/secrets:ro", *journal]
    required = {name.upper() for name, field in SETTINGS[service].model_fields.items() if field.is_required()}
    assert required <= set(files)


@pytest.mark.parametrize("service", SERVICES)
def test_service_reads_the_secrets_that_are_made(service: str, secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (secrets / service).iterdir():
        monkeypatch.setenv(f"{path.name}_FILE", str(path))
    read = SETTINGS[service]()
    assert getattr(read, f"{service}_database_url").endswith(f"@postgres:5432/{service}")


def test_keys_agree_between_the_gateway_and_each_owner_and_with_no_third(secrets: Path) -> None:
    keys = {owner: (secrets / owner / f"{owner.upper()}_IDENTITY_KEYS").read_text() for owner in SERVICES if owner != "gateway"}
    assert {owner: (secrets / "gateway" / f"{owner.upper()}_IDENTITY_KEYS").read_text() for owner in keys} == keys
    assert len(set(keys.values())) == 3
    assert len({(secrets / service / "LINK_KEYS").read_text() for service in SERVICES}) == 1


def test_broker_and_services_agree_on_the_longest_a_delivery_may_take(secrets: Path) -> None:
    seconds = SETTINGS["registry"].model_fields["consumer_timeout_seconds"].default
    assert f"consumer_timeout = {seconds * 1000:.0f}\n" in (secrets / "rabbitmq" / "20-khokahano.conf").read_text()


def test_secrets_are_made_once(secrets: Path) -> None:
    before = {path: path.read_text() for path in secrets.rglob("*") if path.is_file()}
    assert not make_secrets(secrets)
    assert {path: path.read_text() for path in secrets.rglob("*") if path.is_file()} == before


def test_databases_are_made_with_the_password_that_their_service_has(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}
    monkeypatch.setattr(
        "ops.databases.create",
        lambda admin, name, *, role, password: made.update({name: f"postgresql://{role}:{password}@postgres:5432/{name}"}),
    )
    make_databases(secrets)
    assert made == {service: (secrets / service / f"{service.upper()}_DATABASE_URL").read_text() for service in SERVICES}


def test_only_the_gateway_publishes_a_port() -> None:
    assert {name: container["ports"] for name, container in CONTAINERS.items() if "ports" in container} == {
        "gateway": ["127.0.0.1:${KHOKAHANO_PORT:-8080}:8080"]
    }


def test_services_can_be_scaled() -> None:
    assert [name for name, container in CONTAINERS.items() if "container_name" in container] == []


def test_the_gateway_finds_the_others_by_their_names() -> None:
    told = CONTAINERS["gateway"]["environment"]
    assert {owner: told[f"{owner.upper()}_URL"] for owner in SERVICES if owner != "gateway"} == {
        owner: f"http://{owner}:8080" for owner in SERVICES if owner != "gateway"
    }


@pytest.mark.parametrize("service", SERVICES)
def test_service_starts_after_its_migration_and_has_its_limits(service: str) -> None:
    container = CONTAINERS[service]
    assert container["command"][:2] == ["uvicorn", f"services.{service}.app:app"]
    assert container["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert container["deploy"]["resources"]["limits"]["memory"] == "768M"
    assert (container["read_only"], container["cap_drop"]) == (True, ["ALL"])
    assert float(container["stop_grace_period"].removesuffix("s")) > SETTINGS[service].model_fields["stop_seconds"].default


def test_whatever_stays_up_is_watched() -> None:
    assert {name for name, container in CONTAINERS.items() if "healthcheck" in container} == set(CONTAINERS) - {"secrets", "migrate"}


def test_migration_knows_every_database() -> None:
    told = CONTAINERS["migrate"]["environment"]
    assert told == {f"{name.upper()}_DATABASE_URL_FILE": f"/secrets/{name}/{name.upper()}_DATABASE_URL" for name in SERVICES}


def test_every_volume_is_declared_and_used() -> None:
    used = {volume.partition(":")[0] for container in CONTAINERS.values() for volume in container.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
