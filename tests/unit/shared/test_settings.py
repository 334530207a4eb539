from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.settings import Settings

KEY = "a-key-of-thirty-two-letters-here"


def test_secret_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{KEY}new,{KEY}old\n")
    monkeypatch.setenv("LINK_KEYS_FILE", str(tmp_path / "keys"))
    monkeypatch.delenv("LINK_KEYS", raising=False)
    assert [key.get_secret_value() for key in Settings().link_keys] == [f"{KEY}new", f"{KEY}old"]


@pytest.mark.parametrize("keys", ["", "short", f"{KEY},short"])
def test_short_keys_are_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setenv("LINK_KEYS", keys)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "short" not in str(refused.value)


def test_secrets_are_not_printed() -> None:
    assert KEY not in repr(Settings(link_keys=KEY))
