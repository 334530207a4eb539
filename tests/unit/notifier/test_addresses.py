"""Addresses: one key for all spellings, exactly one recipient or none."""

import pytest
from pydantic import SecretStr

from services.notifier.addresses import Mailbox, Unwritable, address_key, mailbox, normalised

KEY = SecretStr("k" * 32)


@pytest.mark.parametrize(
    ("address", "path", "domain", "international"),
    [
        ("Lerato.Mokoena+news@Example.ORG", b"Lerato.Mokoena+news@Example.ORG", "example.org", False),
        ("o'neil@example.co.za", b"o'neil@example.co.za", "example.co.za", False),
        ('"thabo m"@example.org', None, "", False),
        ("palesa@bücher.example.org", b"palesa@xn--bcher-kva.example.org", "xn--bcher-kva.example.org", False),
        ("tšepo@example.org", "tšepo@example.org".encode(), "example.org", True),
        ("tšepo@bücher.example.org", "tšepo@xn--bcher-kva.example.org".encode(), "xn--bcher-kva.example.org", True),
    ],
)
def test_mailbox_is_one_path(address: str, path: bytes | None, domain: str, international: bool) -> None:
    if path is None:
        with pytest.raises(Unwritable):
            mailbox(address)
    else:
        assert mailbox(address) == Mailbox(path, domain, international)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\r\nRCPT TO:<b@example.org>",
        "a@example.org\r\nBcc: b@example.org",
        "a\u2028b@example.org",
        "a@example.org\u2028",
        "a@example.org, b@example.org",
        "a@example.org,b@example.org",
        "a@example.org> SIZE=1",
        "<a@example.org>",
        "a b@example.org",
        '"a@b"@example.org',
        '"a\\"> b"@example.org',
        "a@@example.org",
        "a@example.org\0",
        "a\x7f@example.org",
        "\u202ea@example.org",
        "@example.org",
        "a@",
        "",
        "a@example",
        "a@[127.0.0.1]",
        f"{'a' * 250}@example.org",
    ],
)
def test_case_38_what_is_not_exactly_one_recipient_is_none(address: str) -> None:
    with pytest.raises(Unwritable) as error:
        mailbox(address)
    assert "example" not in str(error.value)


def test_address_key_is_the_same_for_all_spellings() -> None:
    spellings = ["Thabo@Example.org", " thabo@example.org ", "THABO@EXAMPLE.ORG"]
    assert {address_key(KEY, "email", spelling) for spelling in spellings} == {address_key(KEY, "email", "thabo@example.org")}
    assert normalised("tšepo@BÜCHER.example.org") == normalised("Tšepo@xn--bcher-kva.example.org")


def test_address_key_differs_by_key_and_channel() -> None:
    keys = {address_key(key, channel, "+27710000001") for key in (KEY, SecretStr("j" * 32)) for channel in ("sms", "whatsapp")}
    assert len(keys) == 4
