from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr

from shared import tokens
from shared.errors import NotFound

KEYS = [SecretStr("newest-key-of-thirty-two-letters"), SecretStr("older-key-of-thirty-two-letters-")]
PALESA, ADDRESS = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def minted(keys: list[SecretStr] = KEYS, purpose: tokens.Purpose = "confirm") -> str:
    return tokens.mint(keys, purpose, PALESA, contact=ADDRESS, expires_at=NOON + timedelta(days=30))


def test_link_says_what_was_signed() -> None:
    assert tokens.read(KEYS, "confirm", minted(), at=NOON) == tokens.Link("confirm", PALESA, ADDRESS, NOON + timedelta(days=30))


def test_link_of_an_older_key_is_good_after_rotation() -> None:
    assert tokens.read(KEYS, "confirm", minted(KEYS[1:]), at=NOON).subject == PALESA


def test_link_of_a_key_that_was_dropped_is_not_found() -> None:
    with pytest.raises(NotFound):
        tokens.read(KEYS[:1], "confirm", minted(KEYS[1:]), at=NOON)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        minted()[:-1],
        minted()[1:],
        minted()[:-1] + ("A" if minted()[-1] != "A" else "B"),
        minted(purpose="unsubscribe"),
        "č" * 40,
        minted() + "\n",
    ],
)
def test_link_that_is_not_ours_is_not_found(token: str) -> None:
    with pytest.raises(NotFound):
        tokens.read(KEYS, "confirm", token, at=NOON)


def test_link_expires() -> None:
    tokens.read(KEYS, "confirm", minted(), at=NOON + timedelta(days=29, hours=23))
    with pytest.raises(NotFound):
        tokens.read(KEYS, "confirm", minted(), at=NOON + timedelta(days=30))


def test_link_holds_no_personal_data_and_fits_a_line() -> None:
    assert len(minted()) < 110
