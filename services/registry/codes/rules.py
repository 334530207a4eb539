"""Whose page a code opens, and by which contact they are looked for. No I/O, no clock."""

import hmac
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import SecretStr

from services.registry import marking
from services.registry.contacts.typed import email, numbers
from services.registry.matching import contact_key
from shared.codes import codes_of

Kind = Literal["own", "call"]
"""A member's own code, or one that was read out to them in a call that we made."""
LONGEST = 254


class Candidate(NamedTuple):
    """A member who has the contact that was typed.

    Attributes:
        own: the mark of the code that they had made anew; None for the code of their registration.
        call: the mark of a code that was read out to them lately.
        mailbox: an e-mail address is theirs alone, confirmed and within reach: links go there, and no code is needed.
    """

    id: UUID
    submission_id: UUID
    confirmed: bool
    mailbox: bool
    own: bytes | None
    call: bytes | None


def keys_of(typed: str) -> list[str]:
    """Return the keys of the contact that was typed, an e-mail address or a number in each country where it is one; empty if it is none."""
    text = typed.strip()
    if not text or len(text) > LONGEST:
        return []
    if "@" in text:
        return [contact_key("email", address)] if (address := email(text)) else []
    return [contact_key("phone", number) for number in numbers(text)]


def opened(candidates: Iterable[Candidate], code: str, keys: Sequence[SecretStr]) -> tuple[Candidate, Kind] | None:
    """Return whom a code opens; None for nobody, whether they are known or not."""
    found: tuple[Candidate, Kind] | None = None
    for candidate in candidates:
        if candidate.call is not None and hmac.compare_digest(candidate.call, marking.code_mark(candidate.id, code)):
            found = candidate, "call"
        elif needs_code(candidate) and _is_own(candidate, code, keys):
            found = candidate, "own"
    return found


def needs_code(candidate: Candidate) -> bool:
    """Tell whether a member's own code opens their page.

    Where nothing is confirmed, whoever typed somebody else's number would be in; where a mailbox is theirs, a link is safer.
    """
    return candidate.confirmed and not candidate.mailbox


def _is_own(candidate: Candidate, code: str, keys: Sequence[SecretStr]) -> bool:
    if candidate.own is not None:
        return hmac.compare_digest(candidate.own, marking.code_mark(candidate.id, code))
    return any(hmac.compare_digest(known, code) for known in codes_of(keys, candidate.submission_id))
