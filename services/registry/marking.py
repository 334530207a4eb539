"""Keyed marks: how a person who was erased is known again without anything about them being kept."""

import hashlib
import hmac
from collections.abc import Iterable
from uuid import UUID

from pydantic import SecretStr

from services.registry.matching import contacts_of, name_key
from shared.contracts.gateway import RegistrationSubmitted

MARK_BYTES = 16
_keys: list[bytes] = []


def use(key: SecretStr) -> None:
    """Mark with this key from now on; without it a mark is guessed easily. Called once, by what starts the process."""
    _keys[:] = [key.get_secret_value().encode()]


def person_mark(contact_key: str, name: str) -> bytes:
    """Return the mark of a contact together with a name's key: a mother who left does not keep out her daughter on the same phone."""
    return _mark("person", contact_key, name)


def contact_mark(contact_key: str) -> bytes:
    """Return the mark of a contact alone; it is kept only until the traces of an erasure are gone."""
    return _mark("contact", contact_key)


def code_mark(member_id: UUID, code: str) -> bytes:
    """Return what is kept of a code; it is one member's, so that nobody finds two who have the same."""
    return _mark("code", str(member_id), code)


def try_mark(keys: Iterable[str]) -> bytes:
    """Return under what tries with a contact are counted, be it known or not."""
    return _mark("try", *keys)


def marks_of(submission: RegistrationSubmitted) -> set[bytes]:
    """Return the marks under which the person of a submission would have been erased."""
    name = name_key(submission.given_name, submission.family_name)
    return {person_mark(key, name) for _, _, key in contacts_of(submission)}


def _mark(*parts: str) -> bytes:
    return hmac.digest(_keys[0], "\0".join(("registry", *parts)).encode(), hashlib.sha256)[:MARK_BYTES]


def all_marks(keys: Iterable[str], name: str) -> set[bytes]:
    """Return every mark of a member with these contacts."""
    return {mark for key in keys for mark in (person_mark(key, name), contact_mark(key))}
