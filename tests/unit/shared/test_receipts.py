import re

import pytest

from shared.receipts import new_number, read_number


def test_numbers_are_short_and_differ() -> None:
    numbers = {new_number() for _ in range(1000)}
    assert len(numbers) == 1000
    assert all(re.fullmatch(r"(?:[2-9A-HJKMNP-TV-Z]{4}-){3}[2-9A-HJKMNP-TV-Z]{4}", number) for number in numbers)


def test_number_is_read_however_it_is_typed() -> None:
    number = new_number()
    assert {read_number(typed) for typed in (number, number.lower(), number.replace("-", " "), f" {number.replace('-', '')} ")} == {number}


@pytest.mark.parametrize("typed", ["", "K7QM", "K7QM-3T9F-WX2B-9HH0", "K7QM-3T9F-WX2B-9HHDA", "K7QM-3T9F-WX2B-9HH\u0130"])
def test_anything_else_is_no_number(typed: str) -> None:
    assert read_number(typed) is None
