"""Codes and receipts' numbers: digits that can be read aloud, the same each time they are asked for."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.codes import codes_of, new_code, read_code, record_receipt, registration_receipt, spelled

OLD, NEW = SecretStr("o" * 32), SecretStr("n" * 32)


def test_code_is_twelve_digits_in_groups() -> None:
    assert {len(new_code()) for _ in range(50)} == {12}
    assert len({new_code() for _ in range(50)}) == 50
    assert spelled("482177305519") == "4821 7730 5519"


@given(st.uuids())
def test_code_of_a_registration_is_the_same_each_time_and_read_back(submission: UUID) -> None:
    [code] = codes_of([NEW], submission)
    assert codes_of([NEW], submission) == [code]
    assert read_code(spelled(code)) == code
    assert re.fullmatch(r"\d{12}", code)


def test_code_of_a_registration_needs_the_key() -> None:
    submission = uuid4()
    assert codes_of([NEW, OLD], submission) == [*codes_of([NEW], submission), *codes_of([OLD], submission)]
    assert codes_of([NEW], submission) != codes_of([OLD], submission)
    assert codes_of([NEW], submission) != codes_of([NEW], uuid4())


@pytest.mark.parametrize("typed", ["482177305519", " 4821-7730-5519 ", "4821.7730.5519", "code: 4821 7730 5519"])
def test_code_is_read_however_it_is_spaced(typed: str) -> None:
    assert read_code(typed) == "482177305519"


@pytest.mark.parametrize(
    "typed", ["", "4821 7730 551", "4821 7730 5519 1", "abcd efgh ijkl", "٤٨٢١٧٧٣٠٥٥١٩", "4" * 5000, "4821 7730 5519" + " " * 60]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_receipt_is_nine_digits_and_tells_records_apart() -> None:
    assert re.fullmatch(r"\d{3} \d{3} \d{3}", registration_receipt(uuid4()))
    assert re.fullmatch(r"\d{3} \d{3} \d{3}", record_receipt(b"h" * 32))
    assert record_receipt(b"h" * 32) != record_receipt(b"i" * 32)
    assert registration_receipt(UUID(int=1)) == registration_receipt(UUID(int=1)) != registration_receipt(UUID(int=2))


def test_receipt_gives_no_code_away() -> None:
    submission = uuid4()
    assert codes_of([NEW], submission)[0][:9] != registration_receipt(submission).replace(" ", "")
