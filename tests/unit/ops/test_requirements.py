import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "requirements"


def pinned(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (FOLDER / name).read_text(), re.MULTILINE))


def test_what_runs_is_what_was_tested() -> None:
    assert pinned("run.txt").items() <= pinned("dev.txt").items()


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_requirements_are_hashed_and_name_no_address(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert "://" not in text
    assert len(re.findall(r"==.*\\\n    --hash=sha256:", text)) == len(pinned(name))
