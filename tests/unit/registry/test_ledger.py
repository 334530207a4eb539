"""What the ledger's hashes cover, and how a new member's records are chained."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from services.registry import ledger
from tests.unit.registry.chains import answer, chain, faults
from tests.unit.registry.people import AT


def test_contents_are_written_out_so_that_they_can_be_computed_anywhere() -> None:
    record = answer(purpose="information", channel="email", recipient=None, staff="Ntšebo", outcome="")
    assert ledger.contents(record).decode() == (
        "khokahano consent contents 1\n"
        "purpose:11:information;channel:5:email;given:4:true;member_id:36:00000000-0000-0000-0000-000000000007;"
        "wording_version:7:2020-01;language:2:st;at:16:1579510800000000;way:3:web;"
        "submission_id:36:00000000-0000-0000-0000-000000000009;staff:7:Ntšebo;outcome:0:;"
    )


def test_contents_cannot_be_read_in_two_ways() -> None:
    one = answer(purpose="information", channel="email", staff="a;office:1:b", office=None)
    other = answer(purpose="information", channel="email", staff="a", office="b")
    assert ledger.contents(one) != ledger.contents(other)


@pytest.mark.parametrize(
    "change",
    [{name: "x"} for name in ledger.FIELDS if name not in ("given", "at")] + [{"given": False}, {"at": AT + timedelta(microseconds=1)}],
)
def test_each_field_is_covered(change: dict[str, Any]) -> None:
    record = answer(purpose="information", channel="email")
    assert ledger.contents(record) != ledger.contents(record | change)


def test_new_members_records_are_chained_under_a_random_pseudonym() -> None:
    one, other = chain(), chain()
    assert [record.sequence for record in one] == [1, 2, 3]
    assert len({record.pseudonym for record in one}) == 1
    assert one[0].pseudonym != other[0].pseudonym
    assert len({record.salt for record in one + other}) == 6
    assert {len(record.salt) for record in one} == {16}
    assert not {record.hash for record in one} & {record.hash for record in other}
    assert faults(one + other) == []


def test_same_contents_are_committed_to_differently_each_time() -> None:
    assert chain()[0].commitment != chain()[0].commitment


def test_hash_is_computed_as_it_is_described() -> None:
    first, second, _ = chain()
    assert first.commitment == sha256(first.salt + ledger.contents(first.row)).digest()
    head = b"khokahano consent link 1\n"
    assert first.hash == sha256(head + bytes(32) + first.pseudonym.bytes + bytes([0, 0, 0, 1]) + first.commitment).digest()
    assert second.hash == sha256(head + first.hash + first.pseudonym.bytes + bytes([0, 0, 0, 2]) + second.commitment).digest()
