"""What is too old, one page at a time: dropped as any erasure is, or put on the call list first. Each page is one transaction."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.registry import erasing, records
from services.registry.calling.raising import put_on_list
from services.registry.keeping.rules import Old, Rules, Why, fate
from services.registry.model import Consent, Contact, Member
from shared import audit
from shared.database import Transaction
from shared.outbox import put

WAY = "retention"
"""How a consent ended that lost its channel with the contact."""
BY = "retention"
"""Stands in the audit for whoever did it: nobody but the rule."""


async def drop(session: Transaction, page: Sequence[Old], rules: Rules, *, at: datetime) -> Counter[str]:
    """Do with a page of old records what the rules say, and return how many met which fate.

    All is looked at once more under locks: who was confirmed, heard or changed since the page was found stays. An erasure announces itself,
    leaves marks and is written into the journal as any other; nobody is written to about it.
    """
    fates = {old: fate(old, rules, at) for old in page}
    done: Counter[str] = Counter({"wait": sum(1 for each in fates.values() if each == "wait")})
    await _ring(session, [old for old in page if fates[old] == "ring"], done, at=at)
    going = [old for old in page if fates[old] in ("drop", "contact")]
    members = {member.id: member for member in await _locked(session, {old.member_id for old in going})}
    for old in going:
        member = members.get(old.member_id)
        if member is None or not _is_still_old(member, old, rules, at):
            continue
        lost = _stands_without(member, old)
        if lost is not None:
            await _lose(session, member, lost, at=at)
            done["contact"] += 1
        elif fates[old] == "drop":
            del members[old.member_id]
            await erasing.erase(session, member, at=at)
            done["drop"] += 1
            await _note(session, old.why, [old.member_id])
    return done


async def _ring(session: Transaction, olds: Iterable[Old], done: Counter[str], *, at: datetime) -> None:
    ids: dict[Why, list[UUID]] = {}
    for old in olds:
        ids.setdefault(old.why, []).append(old.member_id)
    for why, members in ids.items():
        found = await session.execute(select(Member.id, Member.status).where(Member.id.in_(members)))
        status = {row.id: row.status for row in found}
        unconfirmed = [each for each in members if status.get(each) == "registered"]
        confirmed = [each for each in members if status.get(each) == "confirmed"]
        done["ring"] += await put_on_list(session, "confirm", unconfirmed, at=at)
        done["ring"] += await put_on_list(session, "inactive" if why == "inactive" else "lost_contact", confirmed, at=at)


async def _locked(session: Transaction, ids: set[UUID]) -> list[Member]:
    if not ids:
        return []
    keys = set(await session.scalars(select(Contact.value_key).where(Contact.member_id.in_(ids))))
    await records.lock_contacts(session, keys)
    return await records.members_for_update(session, ids)


def _is_still_old(member: Member, old: Old, rules: Rules, at: datetime) -> bool:
    since = rules.since(old.why, at)
    assert since is not None  # Nothing is found for a rule that keeps all for ever.
    if old.why == "unconfirmed":
        return member.status == "registered"
    if old.why == "inactive":
        return not member.information and member.confirmed_at is not None and member.confirmed_at < since
    contact = member.contact(old.contact_id)
    return contact is not None and contact.undeliverable_at is not None and contact.undeliverable_at < since


def _stands_without(member: Member, old: Old) -> str | None:
    """Return the key of a bounced contact that the member can do without; None if they go with it, or it is another rule's."""
    contact = member.contact(old.contact_id) if old.why == "bounced" else None
    return contact.value_key if contact is not None and member.stands_without(contact.value_key) else None


async def _lose(session: Transaction, member: Member, key: str, *, at: datetime) -> None:
    await records.bury(session, [held.id for held in member.contacts if held.value_key == key], at=at)
    for channel in member.lose(key):
        session.add(Consent.withdrawn(member.id, channel, at=at, way=WAY))
    put(session, member.changed())
    await _note(session, "contact", [member.id])
    await session.flush()
    await erasing.unshare(session, member.id, [key])


async def _note(session: Transaction, why: str, ids: Sequence[UUID]) -> None:
    row = {"who": BY, "role": "", "organisation": "", "what": f"retention_{why}", "ids": list(ids), "detail": "{}", "why": None}
    await session.execute(audit.WRITE, row)
