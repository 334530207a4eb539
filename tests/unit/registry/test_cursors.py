"""Cursors are read back as they were made; any other is refused, and never a fault of ours."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.registry import cursors
from shared.errors import Invalid
from shared.web.paging import Key

AT, ID = datetime(2020, 1, 20, 9, 0, tzinfo=UTC), UUID("01a20bdc-aec5-755d-9ba5-5dba8c551ad5")


def test_cursor_is_read_as_it_was_made() -> None:
    assert cursors.moment_and_id((AT.isoformat(), str(ID))) == (AT, ID)
    assert cursors.number((7,)) == 7
    assert (cursors.moment_and_id(None), cursors.number(None)) == (None, None)


@pytest.mark.parametrize("cursor", [("x",), (AT.isoformat(),), ("2020-01-20T09:00:00", str(ID)), (AT.isoformat(), "nobody"), (1, 2, 3)])
def test_place_that_is_none_is_refused(cursor: Key) -> None:
    with pytest.raises(Invalid):
        cursors.moment_and_id(cursor)


@pytest.mark.parametrize("cursor", [("7",), (7, 7), (-1,), (2**63,)])
def test_number_that_is_none_is_refused(cursor: Key) -> None:
    with pytest.raises(Invalid):
        cursors.number(cursor)
