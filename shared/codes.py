"""Numbers that are read aloud: the code by which somebody opens their own page, and the receipt of what they agreed to.

Digits only, in groups: they are alike in every language, and on a telephone. A code is a secret; a receipt's number is none.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from uuid import UUID

from pydantic import SecretStr

CODE_DIGITS = 12
"""40 bits, of which nobody may try more than a handful an hour."""
CODE_GROUP = 4
RECEIPT_DIGITS = 9
RECEIPT_GROUP = 3
LONGEST_TYPED = 60


def new_code() -> str:
    """Return a random code."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def codes_of(keys: Sequence[SecretStr], submission_id: UUID) -> list[str]:
    """Return the code of a registration under each key, that of the newest first.

    It is computed whenever it is needed and kept nowhere: so the page that is sent twice shows the same one, and nothing can be stolen.
    """
    digests = [hmac.digest(key.get_secret_value().encode(), b"khokahano code\0" + submission_id.bytes, hashlib.sha256) for key in keys]
    return [f"{int.from_bytes(digest[:16]) % 10**CODE_DIGITS:0{CODE_DIGITS}}" for digest in digests]


def read_code(typed: str) -> str | None:
    """Return the code that somebody typed, however it is spaced; None if it is none."""
    digits = "".join(sign for sign in typed[:LONGEST_TYPED] if sign.isascii() and sign.isdigit())
    return digits if len(digits) == CODE_DIGITS and len(typed) <= LONGEST_TYPED else None


def spelled(code: str) -> str:
    """Return a code as it is shown and read out, such as `4821 7730 5519`."""
    return _grouped(code, CODE_GROUP)


def registration_receipt(submission_id: UUID) -> str:
    """Return the number of a registration's receipt: one for all that was agreed to in it."""
    return _receipt(hashlib.sha256(b"khokahano registration\0" + submission_id.bytes).digest())


def record_receipt(hashed: bytes) -> str:
    """Return the number of the receipt of one record of the ledger, by its hash."""
    return _receipt(hashed)


def _receipt(digest: bytes) -> str:
    return _grouped(f"{int.from_bytes(digest[:16]) % 10**RECEIPT_DIGITS:0{RECEIPT_DIGITS}}", RECEIPT_GROUP)


def _grouped(digits: str, size: int) -> str:
    return " ".join(digits[start : start + size] for start in range(0, len(digits), size))
