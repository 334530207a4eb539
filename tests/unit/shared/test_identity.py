import pytest
from itsdangerous import TimestampSigner
from pydantic import SecretStr

from shared.errors import Unauthenticated
from shared.identity import Identity, sign, verify

KEYS = [SecretStr("newest-key-of-thirty-two-letters"), SecretStr("older-key-of-thirty-two-letters-")]
LINEO = Identity(kind="staff", id="lineo", role="mission", areas=("ZA-GP",), organisation="LS-HC-PRETORIA", csrf="c", language="st")
FOR = {"service": "registry", "method": "GET", "path": "/api/v1/members"}


def test_identity_arrives_as_it_was_signed() -> None:
    assert verify(sign(LINEO, KEYS, **FOR), KEYS, **FOR) == LINEO


def test_identity_of_an_older_key_is_good() -> None:
    assert verify(sign(LINEO, KEYS[1:], **FOR), KEYS, **FOR) == LINEO


@pytest.mark.parametrize("other", [{"service": "notifier"}, {"method": "POST"}, {"path": "/api/v1/coverage"}])
def test_identity_is_good_for_one_request_only(other: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        verify(sign(LINEO, KEYS, **FOR), KEYS, **{**FOR, **other})


@pytest.mark.parametrize("header", [None, "", "x.y.z", sign(LINEO, [SecretStr("a-key-of-somebody-else-altogether")], **FOR)])
def test_identity_that_the_gateway_did_not_sign_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        verify(header, KEYS, **FOR)


def test_identity_is_old_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    header = sign(LINEO, KEYS, **FOR)
    signed_at = TimestampSigner("x").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: signed_at + 62)
    with pytest.raises(Unauthenticated):
        verify(header, KEYS, **FOR)
