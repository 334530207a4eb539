"""Chains of consent records as the table would give them back, and what looking at them finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.registry import ledger
from services.registry.verifying import Chains, Counts
from tests.unit.registry.people import AT

QUESTIONS: list[ledger.Question] = [("registration", None, None), ("information", "email", None), ("sharing", None, "mission")]
MEMBER = UUID(int=7)


def answer(**fields: Any) -> dict[str, Any]:
    usual = {
        "member_id": MEMBER,
        "given": True,
        "wording_version": "2020-01",
        "language": "st",
        "at": AT,
        "way": "web",
        "submission_id": UUID(int=9),
    }
    return usual | fields


@dataclass
class Record:
    """A record as the table holds it."""

    id: int
    row: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.row.get(name)

    @property
    def _mapping(self) -> dict[str, Any]:
        return self.row

    def but(self, **fields: Any) -> "Record":
        return Record(self.id, self.row | fields)


def kept(rows: Sequence[dict[str, Any]], first: int = 1) -> list[Record]:
    """Return rows as the table gives them back."""

    def read(value: Any) -> Any:
        return bytes.fromhex(value[2:]) if isinstance(value, str) and value.startswith("\\x") else value

    return [
        Record(number, {name: read(value) for name, value in row.items()} | {"pseudonym": UUID(row["pseudonym"])})
        for number, row in enumerate(rows, first)
    ]


def chain(**fields: Any) -> list[Record]:
    return kept(ledger.begin_chain(QUESTIONS, answer(**fields)))


def faults(records: Sequence[Record]) -> list[str]:
    chains = Chains(Counts())
    return [fault.kind for record in records for fault in chains.look(record)]


def rehashed(records: list[Record]) -> list[Record]:
    """Return records whose hashes somebody has computed anew, so that they fit."""
    previous, fitting = ledger.BEGINNING, []
    for record in records:
        committed = ledger.commitment(record.salt, record.row)
        previous = ledger.link(previous, record.pseudonym.bytes, record.sequence, committed)
        fitting.append(record.but(commitment=committed, hash=previous))
    return fitting
