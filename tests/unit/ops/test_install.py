import os
from pathlib import Path

import pytest

from ops import install

GIVEN = {f"{name}_DATABASE_URL": "postgresql://somewhere" for name in ("GATEWAY", "REGISTRY", "NOTIFIER", "FORUM")} | {
    "RABBITMQ_URL": "amqp://somewhere"
}

PRINTING = ["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that has nothing but Python and apt-get."""
    monkeypatch.setattr(install, "_has_postgresql", lambda: False)
    monkeypatch.setattr(install, "_has_venv", lambda: True)
    monkeypatch.setattr(install, "_has_library", lambda name: False)
    monkeypatch.setattr(install, "RABBITMQ", tmp_path / "none")
    monkeypatch.setattr(install.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("purpose", "environment", "packages"),
    [
        ("check", {}, []),
        ("run", {}, ["postgresql", "rabbitmq-server", *PRINTING]),
        ("run", GIVEN, PRINTING),
        ("run", {"RABBITMQ_URL_FILE": "/run/url"}, ["postgresql", *PRINTING]),
        ("run", {"REGISTRY_DATABASE_URL": "postgresql://somewhere"}, ["postgresql", "rabbitmq-server", *PRINTING]),
        ("test", GIVEN, ["postgresql", "rabbitmq-server", *PRINTING, "chromium", "fonts-dejavu-core", "libatomic1"]),
    ],
)
def test_packages_are_those_that_the_purpose_needs(purpose: str, environment: dict[str, str], packages: list[str]) -> None:
    assert install.missing(purpose, environment) == packages


@pytest.mark.usefixtures("bare")
def test_neither_root_nor_sudo_is_told_in_one_line_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(install.sys, "argv", ["install.py", "run"])
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)
    assert install.main() == 1
    packages = " ".join(["postgresql", "rabbitmq-server", *PRINTING])
    told = f"Neither root nor sudo: install these first: {packages}   (apt-get install …, as root)\n"
    assert capsys.readouterr() == ("", told)


def test_refusal_to_start_servers_lasts_as_long_as_the_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    policy, seen = tmp_path / "policy-rc.d", []
    monkeypatch.setattr(install, "POLICY", policy)
    monkeypatch.setattr(install, "SYSTEMD", tmp_path / "none")
    monkeypatch.setattr(install, "_call", lambda command, environment: seen.append((command[-1], os.access(policy, os.X_OK))))
    install.install(["rabbitmq-server"])
    assert seen == [("update", True), ("rabbitmq-server", True)]
    assert not policy.exists()


def test_refusal_that_the_machine_had_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    monkeypatch.setattr(install, "POLICY", policy)
    monkeypatch.setattr(install, "SYSTEMD", tmp_path / "none")
    monkeypatch.setattr(install, "_call", lambda command, environment: None)
    install.install(["rabbitmq-server"])
    assert policy.read_text() == "#!/bin/sh\nexit 101\n"


def test_postgresql_comes_without_a_cluster_and_its_setting_is_put_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clusters, seen = tmp_path / "createcluster.conf", []

    def call(command: list[str], environment: dict[str, str]) -> None:
        if command[-1] == "postgresql-common":
            clusters.write_text("#create_main_cluster = true\n")
        elif command[-1] == "postgresql":
            seen.append(clusters.read_text().splitlines()[-1])

    monkeypatch.setattr(install, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(install, "SYSTEMD", tmp_path / "none")
    monkeypatch.setattr(install, "CLUSTERS", clusters)
    monkeypatch.setattr(install, "_call", call)
    install.install(["postgresql"])
    assert seen[0] == "create_main_cluster = false"
    assert clusters.read_text() == "#create_main_cluster = true\n"
