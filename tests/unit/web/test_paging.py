"""Lists page by an opaque cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.web.paging import Asked, decode, encode

KEYS = st.lists(st.one_of(st.text(), st.integers(-(2**60), 2**60)), min_size=1, max_size=3).map(tuple)


@given(KEYS)
def test_cursor_comes_back_as_its_key(key: tuple[str | int, ...]) -> None:
    assert decode(encode(key)) == key


@given(st.text(max_size=60))
def test_cursor_of_anybody_elses_making_is_refused_or_a_key(cursor: str) -> None:
    try:
        key = decode(cursor)
    except Invalid as refusal:
        assert [error.pointer for error in refusal.errors] == ["/query/cursor"]
    else:
        assert key


@pytest.mark.parametrize("cursor", ["", "!!", "bnVsbA", "W10", "e30", "W3RydWVd", "W251bGxd", "W1sxXV0", "WzEuNV0", "A" * 400])
def test_cursor_that_is_no_key_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        decode(cursor)


def test_pages_follow_each_other_to_the_end() -> None:
    rows, seen, after = list(range(7)), [], None
    for _ in range(3):
        asked = Asked(limit=3, after=after)
        fetched = [row for row in rows if after is None or row > after[0]][: asked.fetch]
        answer = asked.answer(fetched, lambda row: (row,), str)
        seen += answer["items"]
        after = decode(answer["next"]) if answer["next"] else None
    assert (seen, after) == (["0", "1", "2", "3", "4", "5", "6"], None)


def test_page_that_is_just_full_has_no_next() -> None:
    assert Asked(limit=2).answer([1, 2], lambda row: (row,)) == {"items": [1, 2], "next": None}
