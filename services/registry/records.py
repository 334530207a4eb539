"""What the registry asks and writes for a whole batch at once, in as few statements as it takes.

Rows are written as one JSON document a table (`json_populate_recordset`): one parameter a table and one statement for any number of rows,
with arrays in them, at a third of the cost of a row at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import ARRAY, Text, TextClause, Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert as insert_of
from sqlalchemy.orm import selectinload

from services.registry.matching import Holder
from services.registry.model import Consent, Contact, Member, Tombstone, Wording
from shared import consent
from shared.database import Database, Transaction, database_of
from shared.errors import Unknown

Row = dict[str, Any]
MOST_AT_ONE_CONTACT = 50
"""More than any family; a number that somebody typed for a whole sheet is nobody's."""

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(:keys) AS key").bindparams(
    bindparam("keys", type_=ARRAY(Text()))
)
HOLDERS = text(
    "SELECT contact.value_key, member.id, member.name_key, member.known_as FROM contact JOIN member ON member.id = contact.member_id"
    " WHERE contact.value_key = ANY (:keys) ORDER BY member.registered_at, member.id"
).bindparams(bindparam("keys", type_=ARRAY(Text())))
SETTLED = text(
    "SELECT submission_id FROM member WHERE submission_id = ANY (:ids)"
    " UNION ALL SELECT submission_id FROM repeat WHERE submission_id = ANY (:ids)"
    " UNION ALL SELECT id FROM tombstone WHERE id = ANY (:ids)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
_known_wordings: WeakKeyDictionary[Database, set[tuple[str, str]]] = WeakKeyDictionary()
TOMBSTONES = text("SELECT id FROM tombstone WHERE id = ANY (:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid())))


async def lock_contacts(session: Transaction, keys: Iterable[str]) -> None:
    """Make whoever decides about one of these contacts wait until this transaction ends.

    Keys are locked in one order by everybody, so that two batches that meet do not lock each other out.
    """
    await session.execute(LOCK, {"keys": sorted(set(keys))})


async def holders_of(session: Transaction, keys: Iterable[str]) -> dict[str, list[Holder]]:
    """Return who has each of these contacts, the member who was first, first."""
    holders: dict[str, list[Holder]] = {}
    for key, member_id, name_key, known_as in await session.execute(HOLDERS, {"keys": sorted(set(keys))}):
        holders.setdefault(key, []).append(Holder(member_id, name_key, known_as))
    return holders


async def settled(session: Transaction, submission_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these submissions were decided before, or belong to somebody who was erased."""
    return set((await session.execute(SETTLED, {"ids": submission_ids})).scalars())


async def is_gone(session: Transaction, *ids: UUID | None) -> bool:
    """Tell whether one of these ids has a tombstone."""
    found = await session.execute(TOMBSTONES, {"ids": [identifier for identifier in ids if identifier]})
    return found.first() is not None


async def bury(session: Transaction, ids: Iterable[UUID], *, at: datetime) -> None:
    """Leave a tombstone for each of these ids."""
    await session.execute(insert_of(Tombstone).on_conflict_do_nothing(), [{"id": identifier, "at": at} for identifier in ids])


async def keys_of(session: Transaction, member_id: UUID) -> dict[UUID, str]:
    """Return the key of each of a member's contacts, by the contact's id."""
    contacts = await session.scalars(select(Contact).where(Contact.member_id == member_id))
    return {contact.id: contact.value_key for contact in contacts}


NOT_THEIR_OWN = "undo"
"""The way of an answer that came back with the undoing of a merge: nobody said it at that moment."""


async def agreed_since(session: Transaction, member_id: UUID, at: datetime) -> set[str]:
    """Return the channels of information that a member has agreed to later than a moment."""
    said = (Consent.purpose == "information", Consent.given, Consent.at > at, Consent.channel.is_not(None), Consent.way != NOT_THEIR_OWN)
    query = select(Consent.channel).where(Consent.member_id == member_id, *said)
    return {channel for channel in (await session.execute(query)).scalars() if channel}


async def shared_since(session: Transaction, member_id: UUID, at: datetime) -> bool:
    """Tell whether a member has agreed to sharing later than a moment."""
    said = (Consent.purpose == "sharing", Consent.given, Consent.at > at, Consent.way != NOT_THEIR_OWN)
    query = select(Consent.id).where(Consent.member_id == member_id, *said)
    return await session.scalar(query.limit(1)) is not None


async def members_at(session: Transaction, contact_key: str) -> list[Member]:
    """Return the members who have a contact, with all their contacts, in the order of their ids."""
    known_by = select(Contact.member_id).where(Contact.value_key == contact_key)
    query = select(Member).where(Member.id.in_(known_by)).order_by(Member.id).limit(MOST_AT_ONE_CONTACT)
    return list((await session.execute(query.options(selectinload(Member.contacts)))).scalars())


async def members_for_update(session: Transaction, ids: Iterable[UUID]) -> list[Member]:
    """Return these members with their contacts, as they are now and locked until the transaction ends; who is gone is left out."""
    if not (wanted := sorted(set(ids))):
        return []
    await session.flush()  # What an earlier message of the batch changed must not be read over.
    query = (
        select(Member)
        .where(Member.id.in_(wanted))
        .order_by(Member.id)
        .options(selectinload(Member.contacts))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.execute(query)).scalars())


async def insert(session: Transaction, tables: Mapping[str, Sequence[Row]]) -> None:
    """Write rows into tables of this service's, in one statement; a table's widest row has all columns, others may lack some."""
    if written := {table: rows for table, rows in tables.items() if rows}:
        statement = _insert(tuple((table, _columns(rows)) for table, rows in written.items()))
        # asyncpg's UUIDs are of a class of its own, which orjson does not know.
        await session.execute(statement, {table: orjson.dumps(rows, default=str).decode() for table, rows in written.items()})


def _columns(rows: Sequence[Row]) -> tuple[str, ...]:
    widest: Row = max(rows, key=len)
    return tuple(widest)


@cache
def _insert(tables: tuple[tuple[str, tuple[str, ...]], ...]) -> TextClause:
    inserts = []
    for table, columns in tables:
        names = ", ".join(columns)
        read = f"SELECT {names} FROM json_populate_recordset(NULL::{table}, CAST(:{table} AS json))"  # noqa: S608  # Names are ours, not typed.
        inserts.append(f"INSERT INTO {table} ({names}) {read}")
    *first, last = inserts
    beside = ", ".join(f"w{number} AS ({each})" for number, each in enumerate(first))
    return text(f"WITH {beside} {last}" if first else last)


async def keep_wordings(session: Transaction, wordings: set[tuple[str, str]]) -> None:
    """Keep the text of these wordings (version, language), so that each consent's proof is whole in this database.

    Raises:
        Unknown: there is no such wording.
    """
    known = _known_wordings.setdefault(database_of(session), set())
    if wordings <= known:
        return
    held = {(version, language) for version, language in await session.execute(select(Wording.version, Wording.language))}
    known |= held  # Another transaction has committed them, and nobody can take them away.
    if not (missing := sorted(wordings - held)):
        return
    try:
        rows = [{"version": version, "language": language, "text": consent.text(version, language)} for version, language in missing]
    except consent.UnknownWording as error:
        raise Unknown(f"there is no consent wording {error}") from None
    await session.execute(insert_of(Wording).on_conflict_do_nothing(), rows)
