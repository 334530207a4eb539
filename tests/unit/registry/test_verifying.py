"""What looking at the ledger finds, when something was changed."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from services.registry import ledger
from services.registry.verifying import Counts, Fault, Roots, printed, wordings
from shared import consent
from tests.unit.registry.chains import QUESTIONS, Record, answer, chain, faults, kept, rehashed
from tests.unit.registry.people import AT

DAY = date(2020, 1, 20)

TAMPERINGS: dict[str, tuple[Callable[[list[Record]], list[Record]], list[str]]] = {
    "wording": (lambda r: [r[0], r[1].but(wording_version="2021-01"), r[2]], ["contents"]),
    "date": (lambda r: [r[0].but(at=AT - timedelta(days=1)), *r[1:]], ["contents"]),
    "purpose": (lambda r: [*r[:2], r[2].but(purpose="registration", recipient=None)], ["contents"]),
    "answer": (lambda r: [r[0], r[1].but(given=False), r[2]], ["contents"]),
    "salt": (lambda r: [r[0].but(salt=bytes(16)), *r[1:]], ["contents"]),
    "commitment too": (lambda r: [r[0], rehashed([r[1].but(given=False)])[0].but(hash=r[1].hash), r[2]], ["hash"]),
    "hash too": (lambda r: [r[0], *rehashed([*r[:1], r[1].but(given=False)])[1:], r[2]], ["hash"]),
    "deleted in the middle": (lambda r: [r[0], r[2]], ["missing"]),
    "deleted at the beginning": (lambda r: r[1:], ["missing"]),
    "two places exchanged": (lambda r: [r[1].but(sequence=1), r[0].but(sequence=2), r[2]], ["hash", "hash", "hash"]),
    "another's record put in": (
        lambda r: [*r, chain(member_id=UUID(int=8))[0].but(pseudonym=r[0].pseudonym, sequence=4)],
        ["contents", "hash"],
    ),
    "moved to somebody else": (lambda r: [record.but(member_id=UUID(int=8)) for record in r], ["contents"] * 3),
    "one emptied": (lambda r: [r[0], r[1].but(member_id=None, salt=None), r[2]], ["contents"]),
    "hash removed": (lambda r: [r[0], r[1].but(hash=None), r[2]], ["hash", "hash"]),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_chain_shows_what_was_changed(tampering: str) -> None:
    tamper, expected = TAMPERINGS[tampering]
    assert faults(tamper(chain())) == expected


def test_chain_stays_whole_when_its_member_is_erased() -> None:
    erased = [record.but(**dict.fromkeys((*ledger.FIELDS, "salt"))) for record in chain()]
    assert faults(chain() + erased + chain()) == []
    assert faults([erased[0], erased[2]]) == ["missing"]
    assert faults([erased[0], erased[1].but(commitment=bytes(32)), erased[2]]) == ["hash"]


def root(number: int, before: SimpleNamespace | None, last_id: int, records: Sequence[Record], **fields: Any) -> SimpleNamespace:
    digest = ledger.Digest()
    digest.add([(record.id, record.hash) for record in records])
    covered = {
        "number": number,
        "day": DAY + timedelta(days=number),
        "last_id": last_id,
        "records": digest.records,
        "wordings": {},
    } | fields
    previous = before.root if before else ledger.BEGINNING
    return SimpleNamespace(**covered, root=ledger.root(previous, **covered, digest=digest.digest()))


def three_days() -> tuple[list[Record], list[SimpleNamespace]]:
    records = [record for first in (1, 4, 8) for record in kept(ledger.begin_chain(QUESTIONS, answer()), first)]
    one = root(1, None, 3, records[:3])
    two = root(2, one, 6, records[3:6])
    three = root(3, two, 7, [])
    return records, [one, two, three]


def root_faults(records: Sequence[Record], roots: Sequence[Any], *, page: int = 2) -> list[tuple[str, object]]:
    counts = Counts()
    look, found = Roots(roots, counts), list[Fault]()
    for start in range(0, len(records), page):
        found += look.look([(record.id, record.hash) for record in records[start : start + page]])
    found += look.end()
    assert counts.roots == len(roots)
    return [(fault.kind, fault.where["number"]) for fault in found]


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_roots_cover_what_was_recorded_until_they_were_made(page: int) -> None:
    records, roots = three_days()
    assert root_faults(records, roots, page=page) == []


def test_latest_root_and_what_it_does_not_cover_are_told() -> None:
    records, roots = three_days()
    counts = Counts()
    look = Roots(roots, counts)
    assert [*look.look([(record.id, record.hash) for record in records]), *look.end()] == []
    assert (counts.roots, counts.unrooted, counts.latest) == (3, 3, (DAY + timedelta(days=3), roots[2].root.hex()))


def test_root_shows_what_the_chains_do_not() -> None:
    records, roots = three_days()
    assert root_faults(records[:2] + records[3:], roots) == [("root", 1)]  # The last of a chain was deleted.
    assert root_faults(records[:5] + records[6:], roots) == [("root", 2)]
    added = kept(ledger.begin_chain(QUESTIONS[:1], answer()), 7)
    assert root_faults(records[:6] + added + records[6:], roots) == [("root", 3)]
    rewritten = rehashed([records[3].but(given=False), *records[4:6]])
    assert root_faults(records[:3] + rewritten + records[6:], roots) == [("root", 2)]
    assert root_faults([records[1], records[0].but(), *records[2:]], roots) != []


def test_root_that_was_made_anew_does_not_fit_the_next() -> None:
    records, (_, two, three) = three_days()
    rewritten = [records[0].but(hash=bytes(32)), *records[1:]]
    again = root(1, None, 3, rewritten[:3])
    assert root_faults(rewritten, [again, two, three]) == [("root", 2)]


def test_root_that_was_changed_or_deleted_is_named() -> None:
    records, (one, two, three) = three_days()
    changed = SimpleNamespace(**vars(two) | {"root": bytes(32)})
    assert root_faults(records, [one, changed, three]) == [("root", 2), ("root", 3)]
    assert root_faults(records, [one, SimpleNamespace(**vars(two) | {"day": DAY}), three]) == [("root", 2)]
    assert root_faults(records, [one, three]) == [("root_missing", 3)]
    assert root_faults(records, [two, three]) == [("root_missing", 2)]


def test_everything_made_anew_shows_only_beside_a_printed_root() -> None:
    _, roots = three_days()
    copy = {roots[1].day: roots[1].root.hex()[:16].upper()}
    assert list(printed(roots, copy)) == []
    _, forged = three_days()
    assert [fault.kind for fault in printed(forged, copy)] == ["printed_root"]
    assert [fault.kind for fault in printed(roots[:1], copy)] == ["printed_root"]
    assert [fault.kind for fault in printed(roots, {roots[1].day: ""})] == ["printed_root"]


def test_changed_wording_is_named_once() -> None:
    shipped = {f"{each['version']}.{each['language']}": each["text"] for each in consent.texts()}
    roots = [root(1, None, 0, [], wordings={name: ledger.wording_digest(said) for name, said in shipped.items()})] * 3
    assert list(wordings(shipped, roots)) == []
    changed = shipped | {"2020-01.en": shipped["2020-01.en"] + " And more."}
    assert [fault.text for fault in wordings(changed, roots)] == [
        "the wording 2020-01.en is not the one that was shipped",
        f"the wording 2020-01.en was changed since the root of {roots[0].day}",
    ]
    del changed["2020-01.en"]
    assert [fault.text for fault in wordings(changed, roots)] == [f"the wording 2020-01.en is gone since the root of {roots[0].day}"]
