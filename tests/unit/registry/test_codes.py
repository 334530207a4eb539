"""Whose page a code opens: their own, where it is confirmed that the contact is theirs, and where no mailbox is."""

from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.registry import marking
from services.registry.codes.rules import Candidate, keys_of, opened
from shared.codes import codes_of, new_code

KEYS = [SecretStr("n" * 32), SecretStr("o" * 32)]


@pytest.fixture(autouse=True)
def _marked() -> None:
    marking.use(SecretStr("m" * 32))


def candidate(**fields: object) -> Candidate:
    usual = {"id": uuid4(), "submission_id": uuid4(), "confirmed": True, "mailbox": False, "own": None, "call": None}
    return Candidate(**usual | fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", [0, 1])
def test_code_of_the_registration_opens_the_page_that_it_made(key: int) -> None:
    mother, daughter = candidate(), candidate()
    code = codes_of(KEYS, daughter.submission_id)[key]
    assert opened([mother, daughter], code, KEYS) == (daughter, "own")
    assert opened([mother], code, KEYS) is None


def test_code_of_the_registration_opens_nothing_once_there_is_a_new_one() -> None:
    her = candidate()
    new = new_code()
    renewed = her._replace(own=marking.code_mark(her.id, new))
    assert opened([renewed], codes_of(KEYS, her.submission_id)[0], KEYS) is None
    assert opened([renewed], new, KEYS) == (renewed, "own")


@pytest.mark.parametrize("less", [{"confirmed": False}, {"mailbox": True}])
def test_own_code_opens_nothing_where_nothing_is_confirmed_or_a_mailbox_is_theirs(less: dict[str, bool]) -> None:
    her = candidate(**less)
    assert opened([her], codes_of(KEYS, her.submission_id)[0], KEYS) is None
    code = new_code()
    assert opened([her._replace(own=marking.code_mark(her.id, code))], code, KEYS) is None


@pytest.mark.parametrize("fields", [{}, {"confirmed": False}, {"mailbox": True}])
def test_code_that_was_read_out_opens_whatever_is_confirmed(fields: dict[str, bool]) -> None:
    her, code = candidate(**fields), new_code()
    rung = her._replace(call=marking.code_mark(her.id, code))
    assert opened([rung], code, KEYS) == (rung, "call")
    assert opened([rung], new_code(), KEYS) is None


def test_mark_of_a_code_is_one_members() -> None:
    one, other, code = candidate(), candidate(), new_code()
    assert opened([other._replace(own=marking.code_mark(one.id, code))], code, KEYS) is None


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("+27 71 000 0123", ["+27710000123"]),
        ("071 000 0123", ["+27710000123"]),
        ("+266 5000 0123", ["+26650000123"]),
        (" Palesa@Example.org ", ["palesa@example.org"]),
        ("", []),
        ("12", []),
        ("a@b@c", []),
        ("@", []),
        ("x" * 300, []),
        ("\x00", []),
        ("a\x00@example.org", []),
        ("palesa@bücher.example.org", ["palesa@xn--bcher-kva.example.org"]),
    ],
)
def test_contact_is_read_in_any_spelling(typed: str, keys: list[str]) -> None:
    assert keys_of(typed) == keys
