"""Looking whether the consents are what was recorded: each record, each chain, each day's root, and what members' rows say is in force.

All is read in one snapshot, a page in memory at a time, and computed anew here: nothing that the database's own functions say is believed.
"""

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from services.registry import ledger
from shared import consent
from shared.database import Database, Transaction

PAGE = 5000


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: a stable word for programs.
        where: record, chain, day or member, as far as each is known.
    """

    kind: str
    text: str
    where: dict[str, object]


@dataclass
class Counts:
    """What was looked at."""

    records: int = 0
    erased: int = 0
    chains: int = 0
    roots: int = 0
    unrooted: int = 0
    latest: tuple[date, str] | None = None
    """The last root, as it is printed."""


@dataclass
class Chains:
    """Looks at records in the order of chains and places; of them all it remembers the last."""

    counts: Counts
    _chain: UUID | None = None
    _place: int = 0
    _previous: bytes = ledger.BEGINNING
    _member: UUID | None = None

    def look(self, record: Any) -> Iterator[Fault]:
        """Compare one record with its hashes and with the record before it."""
        self.counts.records += 1
        self.counts.erased += record.member_id is None
        where = {"record": record.id, "chain": record.pseudonym, "place": record.sequence}
        name = f"record {record.id} (chain {record.pseudonym}, place {record.sequence})"
        if record.pseudonym != self._chain:
            self.counts.chains += 1
            self._chain, self._place, self._previous, self._member = record.pseudonym, 0, ledger.BEGINNING, record.member_id
        elif record.member_id != self._member:
            yield Fault("contents", f"{name} is about somebody else than the record before it, or was emptied alone", where)
        if record.sequence != self._place + 1:
            missing = f"place {self._place + 1}" + (f" to {record.sequence - 1}" if record.sequence > self._place + 2 else "")
            yield Fault("missing", f"chain {record.pseudonym} has no record at {missing}", {"chain": record.pseudonym, "before": record.id})
        elif record.hash != ledger.link(self._previous, record.pseudonym.bytes, record.sequence, record.commitment or b""):
            yield Fault("hash", f"{name} does not follow from the record before it", where)
        if record.member_id is not None and record.commitment != ledger.commitment(record.salt or b"", record._mapping):
            yield Fault("contents", f"{name} does not say what was recorded", where)
        self._place, self._previous = record.sequence, record.hash or b""


@dataclass
class Roots:
    """Looks at all records in the order of their ids, and compares them with each day's root."""

    roots: Sequence[Any]
    counts: Counts
    _previous: Any = None
    _digest: ledger.Digest = field(default_factory=ledger.Digest)

    def look(self, page: Sequence[tuple[int, bytes]]) -> Iterator[Fault]:
        """Take in the next records; each root that they go beyond is compared."""
        while page and self.counts.roots < len(self.roots):
            covered = bisect_right(page, self.roots[self.counts.roots].last_id, key=lambda record: record[0])
            self._digest.add(page[:covered])
            page = page[covered:]
            if page:
                yield from self._compare(self.roots[self.counts.roots])
        self.counts.unrooted += len(page)

    def end(self) -> Iterator[Fault]:
        """Compare what is left."""
        while self.counts.roots < len(self.roots):
            yield from self._compare(self.roots[self.counts.roots])
        if self._previous:
            self.counts.latest = self._previous.day, self._previous.root.hex()

    def _compare(self, root: Any) -> Iterator[Fault]:
        previous, digest = self._previous, self._digest
        self._previous, self._digest = root, ledger.Digest()
        self.counts.roots += 1
        expected = previous.number + 1 if previous else 1
        where = {"day": root.day, "number": root.number}
        if root.number != expected:
            yield Fault("root_missing", f"before the root of {root.day} there is none with the number {expected}", where)
        elif digest.records != root.records:
            yield Fault("root", f"the root of {root.day} covers {root.records} records, and {digest.records} are there", where)
        elif root.root != ledger.root(
            previous.root if previous else ledger.BEGINNING,
            number=root.number,
            day=root.day,
            last_id=root.last_id,
            records=root.records,
            digest=digest.digest(),
            wordings=root.wordings,
        ):
            yield Fault("root", f"the root of {root.day} is not that of its records, or a root before it was changed", where)


def wordings(kept: Mapping[str, str], roots: Iterable[Any]) -> Iterator[Fault]:
    """Compare the wordings' texts with those shipped, and with what the roots say was kept.

    Args:
        kept: the text of each, by `version.language`.
    """
    shipped = {f"{each['version']}.{each['language']}": each["text"] for each in consent.texts()}
    for name in sorted(kept):
        if name in shipped and kept[name] != shipped[name]:
            yield Fault("wording", f"the wording {name} is not the one that was shipped", {"wording": name})
    digests = {name: ledger.wording_digest(said) for name, said in kept.items()}
    told = set[str]()
    for root in roots:
        for name, digest in root.wordings.items():
            if digests.get(name) != digest and name not in told:
                told.add(name)
                what = "was changed" if name in digests else "is gone"
                yield Fault("wording", f"the wording {name} {what} since the root of {root.day}", {"wording": name, "day": root.day})


def printed(roots: Iterable[Any], copies: Mapping[date, str]) -> Iterator[Fault]:
    """Compare roots with copies kept elsewhere, which whoever writes here cannot change."""
    here = {root.day: root.root.hex() for root in roots}
    for day, copy in sorted(copies.items()):
        if day not in here:
            yield Fault("printed_root", f"there is no root of {day}", {"day": day})
        elif not (len(copy) >= 16 and here[day].startswith(copy.lower())):
            yield Fault("printed_root", f"the root of {day} is not the one that was printed", {"day": day})


_COLUMNS = ", ".join(("id", "pseudonym", "sequence", "salt", "commitment", "hash", *ledger.FIELDS))
RECORDS = text(f"SELECT {_COLUMNS} FROM consent ORDER BY pseudonym, sequence")  # noqa: S608  # Names are ours.
HASHES = text("SELECT id, hash FROM consent ORDER BY id")
ROOTS = text("SELECT number, day, last_id, records, wordings, root FROM consent_root ORDER BY number")
WORDINGS = text("SELECT version || '.' || language AS name, text FROM wording")
MEMBERS = text(
    """
    SELECT member.id, coalesce(said.chains, 0) AS chains
    FROM member LEFT JOIN LATERAL (
        SELECT array_agg(channel) FILTER (WHERE purpose = 'information' AND given) AS information,
               bool_or(purpose = 'sharing' AND given) AS sharing, bool_or(purpose = 'registration' AND given) AS registration,
               (SELECT count(DISTINCT pseudonym) FROM consent WHERE member_id = member.id) AS chains
        FROM (
            SELECT DISTINCT ON (purpose, channel, recipient) purpose, channel, given FROM consent
            WHERE member_id = member.id ORDER BY purpose, channel, recipient, sequence DESC
        ) AS last
    ) AS said ON true
    WHERE said.registration IS NOT TRUE OR said.chains <> 1 OR member.sharing <> coalesce(said.sharing, false)
       OR NOT (member.information @> coalesce(said.information, '{}') AND member.information <@ coalesce(said.information, '{}'))
    """
)
LEFT_BEHIND = text(
    """
    SELECT DISTINCT member_id FROM consent WHERE member_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM member WHERE member.id = consent.member_id)
    AND NOT EXISTS (SELECT FROM merge WHERE merge.absorbed_id = consent.member_id AND merge.undone_at IS NULL)
    """
)
"""Whoever leaves has their records emptied: these were deleted by another hand, and what is about them stayed."""
UNKEPT = text(
    "SELECT wording_version || '.' || language AS name FROM consent WHERE wording_version IS NOT NULL"
    " EXCEPT SELECT version || '.' || language FROM wording"
)
PLANNED = text("SELECT set_config('cursor_tuple_fraction', '1', true), set_config('work_mem', '64MB', true)")
"""Everything is read: sorted once rather than looked up a row at a time."""


async def verify(database: Database, counts: Counts, copies: Mapping[date, str]) -> AsyncIterator[Fault]:
    """Give each fault as it is found; `counts` says at the end what was looked at.

    Args:
        copies: roots as they were printed, by their day; the first 16 digits are enough.
    """
    async with database.transaction() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        await session.execute(PLANNED)
        roots = (await session.execute(ROOTS)).all()
        kept: dict[str, str] = {row.name: row.text for row in await session.execute(WORDINGS)}
        for fault in (*wordings(kept, roots), *printed(roots, copies)):
            yield fault
        chains = Chains(counts)
        async for page in _pages(session, RECORDS):
            for record in page:
                for fault in chains.look(record):
                    yield fault
        days = Roots(roots, counts)
        async for page in _pages(session, HASHES):
            for fault in days.look([(row.id, row.hash) for row in page]):
                yield fault
        for fault in days.end():
            yield fault
        async for page in _pages(session, MEMBERS):
            for row in page:
                what = "is in more than one chain" if row.chains > 1 else "is not what the member's records say is in force"
                yield Fault("member", f"the consent of member {row.id} {what}", {"member": row.id})
        for gone in (await session.execute(LEFT_BEHIND)).scalars():
            yield Fault("left_behind", f"member {gone} is gone, and their records were not emptied", {"member": gone})
        for name in (await session.execute(UNKEPT)).scalars():
            yield Fault("wording", f"records name the wording {name}, whose text is not kept", {"wording": name})


async def _pages(session: Transaction, statement: Any) -> AsyncIterator[Sequence[Any]]:
    rows = await session.stream(statement, execution_options={"yield_per": PAGE})
    async for page in rows.partitions(PAGE):
        yield page
