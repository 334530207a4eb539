"""The rules about who may import whom hold, and each of them can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BREACHES = {
    "services never import one another": ("services/forum/model.py", "import services.registry.settings"),
    "ops may import services, services import shared, shared imports neither": ("shared/clock.py", "import services.forum.settings"),
    "the published language knows nothing but pydantic": ("shared/contracts/base.py", "import sqlalchemy"),
    "models and rules do no I/O": ("services/forum/model.py", "import aio_pika"),
    "within a service: app, then handlers and routes, then model, then settings": (
        "services/forum/settings.py",
        "import services.forum.model",
    ),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(cache_dir=None, no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", command], cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(folder)}
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in ("shared", "services", "ops"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("rule", "file", "line"), [(rule, *breach) for rule, breach in BREACHES.items()])
def test_rule_fails_where_it_is_broken(copy: Path, rule: str, file: str, line: str) -> None:
    path = copy / file
    path.write_text(f"{path.read_text()}\n{line}\n")
    done = lint(copy)
    assert done.returncode != 0
    assert f"{rule} BROKEN" in done.stdout


def test_rules_are_all_made_to_fail_here() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert text.count("[[tool.importlinter.contracts]]") == len(BREACHES)
