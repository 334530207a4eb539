"""What of the house's style a machine can see."""

import ast
import subprocess
from pathlib import Path

import pytest

from shared.topology import SERVICES

ROOT = Path(__file__).parents[2]
MOST_LINES = 250
FORBIDDEN_NAMES = {"utils", "common", "helpers", "manager"}


def tracked(pattern: str) -> list[Path]:
    """Return the project's files; in a checkout those that git knows or would take."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).exists()]


def test_files_can_be_read_in_one_sitting() -> None:
    long = {str(path.relative_to(ROOT)): lines for path in tracked("*.py") if (lines := len(path.read_text().splitlines())) > MOST_LINES}
    assert long == {}


def test_every_room_has_a_name() -> None:
    assert [str(path) for path in tracked("*.py") if FORBIDDEN_NAMES & set(path.with_suffix("").parts)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_service_has_the_same_rooms(service: str) -> None:
    folder = ROOT / "services" / service
    assert (folder / "app.py").exists()
    assert (folder / "settings.py").exists()
    assert (folder / "handlers.py").exists()
    assert (folder / "migrations").is_dir()
    for room in ("model", "routes"):
        assert (folder / f"{room}.py").exists() or (folder / room / "__init__.py").exists()


@pytest.mark.parametrize("service", SERVICES)
def test_handlers_only_fetch_decide_and_put(service: str) -> None:
    """No try, commit, ack or start/end logging: those live once, in `shared/delivery.py`."""
    tree = ast.parse((ROOT / "services" / service / "handlers.py").read_text())
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Try)] == []
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert called & {"commit", "rollback", "ack", "nack", "reject"} == set()


def test_no_test_sleeps_or_skips() -> None:
    marks = ("time." + "sleep(", "pytest." + "skip", "mark." + "skip", "mark." + "xfail")
    assert [f"{path.relative_to(ROOT)}: {mark}" for path in tracked("tests/*.py") for mark in marks if mark in path.read_text()] == []


def test_tables_are_made_by_migrations_alone() -> None:
    assert [str(path) for path in tracked("*.py") if "create_" + "all(" in path.read_text()] == []
