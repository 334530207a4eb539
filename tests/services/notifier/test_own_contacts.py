"""What is written when a member changes their own contacts: a question to the new address, and word to the others, once."""

from shared.clock import new_id, now
from shared.contracts.gateway import ContactConfirmed
from shared.contracts.registry import Contact, ContactsChanged, MemberChanged, MemberErased, MemberRegistered
from tests.services.notifier.conftest import Running, address, member
from tests.waiting import wait_until


def changes(person: MemberRegistered, *, added: str | None = None) -> ContactsChanged:
    new = Contact(id=new_id(), kind="email", value=added) if added else None
    return ContactsChanged(
        change_id=new_id(), member_id=person.member_id, added=new, at=now(), language=person.language, told=person.contacts
    )


async def templates(notifier: Running, member_id: object) -> list[tuple[str, str]]:
    rows = await notifier.rows("SELECT template, status FROM delivery WHERE member_id = :id ORDER BY template", id=member_id)
    return [(row.template, row.status) for row in rows]


async def test_new_address_is_asked_and_the_others_are_told_once(notifier: Running) -> None:
    lerato = member(address(), language="st")
    said = changes(lerato, added=address())
    await notifier.settle(lerato)
    await notifier.settle(said)
    await notifier.settle(said)  # A second message of the same fact.
    await wait_until(notifier.quiet)
    assert await templates(notifier, lerato.member_id) == [("confirm_contact", "sent"), ("contacts_changed", "sent"), ("welcome", "sent")]
    assert said.added is not None
    assert b"/confirm/" in notifier.sink.bodies[said.added.value]


async def test_removal_is_told_to_those_that_stay(notifier: Running) -> None:
    lerato = member(address())
    await notifier.settle(lerato)
    await notifier.settle(changes(lerato))
    await wait_until(notifier.quiet)
    assert ("contacts_changed", "sent") in await templates(notifier, lerato.member_id)


async def test_address_that_staff_removed_is_told_though_it_is_gone(notifier: Running) -> None:
    lerato = member(address())
    await notifier.settle(lerato)
    [old] = lerato.contacts
    state = lerato.model_dump(include=set(MemberChanged.model_fields))
    await notifier.settle(MemberChanged.model_validate({**state, "version": 2, "status": "registered", "contacts": ()}))
    await notifier.settle(changes(lerato).model_copy(update={"removed": old.id}))
    await wait_until(notifier.quiet)
    assert ("contacts_changed", "sent") in await templates(notifier, lerato.member_id)


async def test_question_needs_no_member_to_be_known_yet(notifier: Running) -> None:
    lerato = member(address())
    said = changes(lerato, added=address())
    await notifier.settle(said)
    await wait_until(notifier.quiet)
    assert ("confirm_contact", "sent") in await templates(notifier, lerato.member_id)


async def test_who_was_erased_hears_nothing(notifier: Running) -> None:
    lerato = member(address())
    await notifier.settle(lerato)
    await notifier.settle(MemberErased(member_id=lerato.member_id))
    await notifier.settle(late := changes(lerato, added=address()))
    assert late.added is not None
    assert await notifier.rows("SELECT 1 FROM delivery WHERE cause = ANY(:causes)", causes=[late.change_id, late.added.id]) == []


async def test_question_that_waits_its_day_is_not_asked_of_whom_it_is_confirmed_by_then(notifier: Running) -> None:
    lerato, shared = member(address()), address()
    await notifier.settle(lerato, changes(lerato, added=shared))
    await wait_until(notifier.quiet)
    second = changes(other := member(address()), added=shared)  # An address is asked once a day.
    assert second.added is not None
    await notifier.settle(other, second)
    await notifier.settle(ContactConfirmed(member_id=other.member_id, contact_id=second.added.id, at=now()))
    [row] = await notifier.rows("SELECT status, reason FROM delivery WHERE cause = :cause", cause=second.added.id)
    assert (row.status, row.reason) == ("suppressed", "confirmed")
