"""The commands that say who may sign in, and make tokens."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from ops import output
from ops.cli import application as command_line
from services.gateway.model import hashed
from tests.conftest import Servers


@pytest.fixture(scope="module")
def url(servers: Servers) -> str:
    return servers.database("gateway")


@pytest.fixture(autouse=True)
def environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", url)
    monkeypatch.setenv("KHOKAHANO_BASE_URL", "https://khokahano.example.org")
    monkeypatch.setattr(output, "_as_json", False)


def said(*words: str) -> Result:
    return CliRunner().invoke(command_line, list(words))


def rows(url: str, query: str) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_staff_add_prints_a_link_that_is_kept_as_its_hash(url: str) -> None:
    result = said(
        "staff", "add", "Thato@example.org", "--role", "mission", "--area", "za-gp", "--area", "BW", "--organisation", "Consulate"
    )
    assert result.exit_code == 0
    link = result.stdout.splitlines()[0]
    assert link.startswith("https://khokahano.example.org/sign-in/")
    assert rows(url, "SELECT email, role, areas, organisation FROM staff") == [
        ("Thato@example.org", "mission", ["BW", "ZA-GP"], "Consulate")
    ]
    assert rows(url, "SELECT hash FROM sign_in_link") == [(hashed(link.rpartition("/")[2]),)]
    assert "Thato@example.org  mission  BW,ZA-GP  Consulate  active" in said("staff", "list").stdout
    assert said("staff", "disable", "thato@example.org").exit_code == 0
    assert rows(url, "SELECT count(*) FROM sign_in_link") == [(0,)]


def test_token_add_prints_it_once_and_for_programs(url: str) -> None:
    result = said("--json", "token", "add", "dashboard", "--role", "viewer")
    made = json.loads(result.stdout)
    assert made["token"].startswith("kho_")
    assert rows(url, "SELECT hash, name, role FROM api_token") == [(hashed(made["token"]), "dashboard", "viewer")]
    assert made["token"] not in said("token", "list").stdout
    assert said("token", "revoke", "dashboard").exit_code == 0
    assert said("token", "revoke", "dashboard").exit_code == 1


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["staff", "add", "x@example.org", "--role", "king"], 2),
        (["staff", "add", "x@example.org", "--role", "mission"], 2),
        (["staff", "add", "x@example.org", "--role", "viewer", "--area", "ZZ"], 2),
        (["staff", "add", "no address", "--role", "viewer"], 2),
        (["staff", "add", "x@example.org"], 2),
        (["staff", "disable", "nobody@example.org"], 1),
        (["token", "add", " ", "--role", "viewer"], 2),
        (["import", "/nowhere.csv"], 2),
    ],
)
def test_wrong_call_is_2_and_what_cannot_be_is_1(words: list[str], status: int) -> None:
    assert said(*words).exit_code == status
