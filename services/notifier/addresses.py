"""E-mail addresses: the key they are remembered by, and the one safe way to hand them to a mail server."""

import hashlib
import hmac
import re
import unicodedata
from contextlib import suppress
from typing import NamedTuple

import idna
from email_validator import EmailNotValidError, validate_email
from pydantic import SecretStr

_PLAIN = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]+"
)
"""Dot-atoms at a domain: nearly every address there is. Whatever is not matched whole is looked at closely."""
LONGEST = 254
"""Characters of a path without its brackets. Source: RFC 5321, section 4.5.3.1.3."""
KEY_BYTES = 16


class Unwritable(ValueError):
    """No mail can be addressed to this. The text never holds the address."""


class Mailbox(NamedTuple):
    """One address, ready for an envelope and a header.

    Attributes:
        path: what goes between the angle brackets, once; holds no control character, no bracket and no second address.
        domain: in ASCII, lower case.
        international: the server must offer SMTPUTF8.
    """

    path: bytes
    domain: str
    international: bool


def mailbox(address: str) -> Mailbox:
    """Return the address as exactly one mailbox; a domain of other scripts in its ASCII form.

    Raises:
        Unwritable: it is not one address.
    """
    if len(address) <= LONGEST and _PLAIN.fullmatch(address):
        return Mailbox(address.encode("ascii"), address.rpartition("@")[2].lower(), international=False)
    if any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs") for character in address):
        raise Unwritable("a control character or line break in the address")
    try:
        checked = validate_email(
            address, check_deliverability=False, allow_quoted_local=True, allow_domain_literal=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise Unwritable("not one e-mail address") from error
    path = checked.ascii_email or f"{checked.local_part}@{checked.ascii_domain}"
    if re.search(r"[<>\s]", path) or path.rpartition("@")[0].count("@"):
        raise Unwritable("quoted characters that servers misread")
    return Mailbox(path.encode(), checked.ascii_domain.lower(), international=checked.ascii_email is None)


def normalised(address: str) -> str:
    """Return the one spelling of an address that stands for all of them: no case, no composition, domain in ASCII."""
    local, _, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    if not domain.isascii():
        with suppress(idna.IDNAError):  # What cannot be written to must still be remembered by some key.
            domain = idna.encode(domain, uts46=True).decode()
    return f"{local.lower()}@{domain.lower()}"


def address_key(key: SecretStr, channel: str, address: str) -> bytes:
    """Return the keyed hash that an address is remembered by when the address itself must not be kept."""
    said = f"{channel}:{normalised(address) if channel == 'email' else address}"
    return hmac.digest(key.get_secret_value().encode(), said.encode(), hashlib.sha256)[:KEY_BYTES]
