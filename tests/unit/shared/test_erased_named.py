"""Which messages are about somebody who was erased."""

import pytest

from shared.clock import new_id
from shared.erasing import Erased


@pytest.mark.parametrize(
    ("field", "about"), [("member_id", True), ("submission_id", True), ("absorbed_id", True), ("kept_id", False), ("cause", False)]
)
def test_message_is_about_them_if_it_holds_their_data(field: str, about: bool) -> None:
    member_id = new_id()
    erased = Erased(member_id, frozenset({member_id}), frozenset())
    assert erased.is_named_in({"member_id": str(new_id()), field: str(member_id)}) is about
    assert not erased.is_named_in({field: str(new_id())})
