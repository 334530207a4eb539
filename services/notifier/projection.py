"""Keeping what the registry and people say about a member: newest version only, tombstones and withdrawals first."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from services.notifier.addresses import address_key
from services.notifier.line import Statement, fetch
from services.notifier.model import CHANNELS_OF, Contact, Recipient, Withdrawal, latest
from services.notifier.settings import load
from shared.clock import new_id
from shared.contracts.gateway import Channel
from shared.contracts.registry import Contact as SaidContact
from shared.contracts.registry import MemberRegistered, MemberState
from shared.database import Transaction

KNOWN = Statement(
    """
    SELECT i.member_id, r.information, w.withdrew
    FROM unnest(:members::uuid[]) AS i(member_id)
    LEFT JOIN LATERAL (SELECT member_id, information FROM recipient WHERE member_id = i.member_id LIMIT 1) r ON true
    LEFT JOIN LATERAL (SELECT true AS withdrew FROM withdrawal WHERE member_id = i.member_id LIMIT 1) w ON true
    WHERE r.member_id IS NOT NULL OR w.withdrew
    """
)

WRITE_RECIPIENTS = Statement(
    """
    INSERT INTO recipient AS r (member_id, version, status, language, information, registered)
    SELECT w.member_id, w.version, w.status, w.language, string_to_array(w.information, ','), w.registered
    FROM unnest(:members::uuid[], :versions::integer[], :statuses::text[], :languages::text[], :informations::text[],
                :registereds::boolean[])
         AS w(member_id, version, status, language, information, registered)
    ORDER BY w.member_id
    ON CONFLICT (member_id) DO UPDATE
       SET version = excluded.version, status = excluded.status, language = excluded.language,
           information = excluded.information, registered = r.registered OR excluded.registered, merged_into = NULL
     WHERE r.version < excluded.version
    RETURNING member_id
    """
)

WRITE_CONTACTS = Statement(
    """
    INSERT INTO contact AS c (id, member_id, kind, value, address_key, confirmed_at, shared)
    SELECT * FROM unnest(:contacts::uuid[], :members::uuid[], :kinds::text[], :values::text[], :keys::bytea[],
                         :confirmed::timestamptz[], :shared::boolean[])
        AS w(id, member_id, kind, value, address_key, confirmed_at, shared)
    ORDER BY w.id
    ON CONFLICT (id) DO UPDATE
       SET kind = excluded.kind, value = excluded.value, address_key = excluded.address_key, shared = excluded.shared, dropped_at = NULL,
           confirmed_at = coalesce(excluded.confirmed_at, CASE WHEN c.value = excluded.value THEN c.confirmed_at END)
     WHERE NOT c.disowned
    RETURNING id
    """
)

DROP_CONTACTS = Statement(
    """
    UPDATE contact SET value = NULL, confirmed_at = NULL, shared = false, dropped_at = now()
    WHERE member_id = ANY(:members::uuid[]) AND value IS NOT NULL AND id <> ALL(:contacts::uuid[])
    """
)

SUPPRESS = Statement(
    """
    INSERT INTO suppression (id, channel, address_key, scope, reason)
    SELECT * FROM unnest(:ids::uuid[], :channels::text[], :keys::bytea[], :scopes::text[], :reasons::text[])
        AS w(id, channel, address_key, scope, reason)
    ORDER BY w.address_key, w.scope
    ON CONFLICT (address_key, scope) DO NOTHING
    """
)

END_UNSUBSCRIBED = text(
    """
    DELETE FROM suppression s USING contact c
    WHERE c.member_id = :member AND c.kind = ANY(:kinds) AND s.address_key = c.address_key AND s.scope = 'information'
    """
)


def key_of(channel: str, value: str) -> bytes:
    """Return the key of an address or a number, as suppression knows it."""
    return address_key(load().suppression_key, channel, value)


async def suppress(session: Transaction, channel: Channel, key: bytes, *, scope: str, reason: str) -> None:
    """Note that an address is not to be written to; a second reason changes nothing."""
    await fetch(session, SUPPRESS, ids=[new_id()], channels=[channel], keys=[key], scopes=[scope], reasons=[reason])


async def write_states(session: Transaction, states: Sequence[MemberState]) -> set[UUID]:
    """Take in the newest state of each member and return the ids of those it was news about; older and erased ones change nothing."""
    newest = latest(list(states))
    members = [state.member_id for state in newest]
    known = {row["member_id"]: row for row in await fetch(session, KNOWN, members=members)}
    written = await fetch(
        session,
        WRITE_RECIPIENTS,
        members=members,
        versions=[state.version for state in newest],
        statuses=[state.status for state in newest],
        languages=[state.language for state in newest],
        informations=[",".join(state.information) for state in newest],
        registereds=[isinstance(state, MemberRegistered) for state in newest],
    )
    accepted = {row["member_id"] for row in written}
    news = [state for state in newest if state.member_id in accepted]
    await _write_contacts(session, news, [member_id for member_id in members if member_id in known and member_id in accepted])
    for state in news:
        before = known.get(state.member_id)
        if before and before["information"] is not None and (channels := regranted(before["information"], list(state.information))):
            kinds = [kind for kind, kept in CHANNELS_OF.items() if set(kept) & set(channels)]
            await session.execute(END_UNSUBSCRIBED, {"member": state.member_id, "kinds": kinds})
    if len(accepted) < len(newest):
        for state in newest:
            if state.member_id not in accepted:
                await remember_keys(session, state.member_id, state.contacts)
    if withdrew := [member_id for member_id, row in known.items() if row["withdrew"] and member_id in accepted]:
        await settle_withdrawals(session, withdrew)
    return accepted


async def _write_contacts(session: Transaction, states: list[MemberState], known: list[UUID]) -> None:
    contacts = [(state.member_id, contact) for state in states for contact in state.contacts]
    if known:
        await fetch(session, DROP_CONTACTS, members=known, contacts=[contact.id for _, contact in contacts])
    if not contacts:
        return
    kept = await fetch(
        session,
        WRITE_CONTACTS,
        contacts=[contact.id for _, contact in contacts],
        members=[member_id for member_id, _ in contacts],
        kinds=[contact.kind for _, contact in contacts],
        values=[contact.value for _, contact in contacts],
        keys=[key_of(contact.kind, contact.value) for _, contact in contacts],
        confirmed=[contact.confirmed_at for _, contact in contacts],
        shared=[contact.shared for _, contact in contacts],
    )
    if len(kept) < len(contacts):
        await _suppress_disowned(session, [contact for _, contact in contacts])


async def _suppress_disowned(session: Transaction, contacts: Sequence[SaidContact]) -> None:
    """Suppress the addresses of those contacts that were disowned before we knew what address they are."""
    disowned = set(await session.scalars(select(Contact.id).where(Contact.id.in_([contact.id for contact in contacts]), Contact.disowned)))
    for contact in contacts:
        if contact.id in disowned:
            channel, key = CHANNELS_OF[contact.kind][0], key_of(contact.kind, contact.value)
            await suppress(session, channel, key, scope="all", reason="disowned")


async def remember_keys(session: Transaction, member_id: UUID, contacts: Sequence[SaidContact]) -> None:
    """Keep the keys of contacts that a member had: if one is disowned or withdrawn from, its address must be known by something."""
    for contact in contacts:
        gone = {"kind": contact.kind, "address_key": key_of(contact.kind, contact.value), "shared": False, "dropped_at": func.now()}
        await session.execute(insert(Contact).values(id=contact.id, member_id=member_id, **gone).on_conflict_do_nothing())
    await _suppress_disowned(session, contacts)


async def drop_contacts(session: Transaction, member_id: UUID) -> None:
    """Forget every address of a member but its key."""
    await fetch(session, DROP_CONTACTS, members=[member_id], contacts=[])


async def settle_withdrawals(session: Transaction, members: list[UUID]) -> None:
    """Silence the contacts by which these members withdrew, and forget the withdrawals that the registry's own state tells of by now."""
    for withdrawal in await session.scalars(select(Withdrawal).where(Withdrawal.member_id.in_(members)).order_by(Withdrawal.id)):
        recipient = await session.get(Recipient, withdrawal.member_id)
        contact = await session.get(Contact, withdrawal.contact_id) if withdrawal.contact_id else None
        if contact and contact.kind and contact.address_key:
            await suppress(session, CHANNELS_OF[contact.kind][0], contact.address_key, scope="information", reason="unsubscribed")
        if recipient and not withdrawal.still_holds(recipient, contact):
            await session.delete(withdrawal)
    await session.flush()


def regranted(before: list[str], after: list[str]) -> list[str]:
    """Return the channels on which a member agreed anew; such a consent ends an *unsubscribed* on that member's own contacts."""
    return sorted(set(after) - set(before))
