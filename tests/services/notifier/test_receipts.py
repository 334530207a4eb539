"""Receipts of consent, and how soon a withdrawal is lived by."""

from datetime import timedelta

from services.notifier.queueing import Mail, queue
from services.notifier.receipts import tell
from shared.clock import new_id, now
from shared.contracts.gateway import ConsentWithdrawn, ContactConfirmed
from shared.contracts.registry import ConsentRecorded, MemberErased, MemberRegistered
from tests.services.notifier.conftest import Mouth, Running, address, member
from tests.waiting import wait_until

SOON = timedelta(seconds=1)
"""How soon a withdrawal must hold."""


def recorded(person: MemberRegistered, **fields: object) -> ConsentRecorded:
    usual = {"purpose": "information", "channel": "email", "given": True, "way": "call", "office": "LS-HC-PRETORIA", "at": now()}
    about = {"receipt_id": new_id(), "member_id": person.member_id, "language": person.language, "contacts": person.contacts}
    return ConsentRecorded.model_validate(about | usual | fields)


async def deliveries(notifier: Running, cause: object) -> list[tuple[str, str | None]]:
    rows = await notifier.rows("SELECT status, reason FROM delivery WHERE cause = :cause ORDER BY id", cause=cause)
    return [(row.status, row.reason) for row in rows]


async def test_member_is_told_once_what_was_recorded(notifier: Running) -> None:
    lerato = member(address(), language="st")
    said = recorded(lerato)
    before = notifier.sink.mails
    await notifier.settle(lerato, said)
    await notifier.settle(said)  # A second message of the same fact.
    await wait_until(notifier.quiet)
    assert await deliveries(notifier, said.receipt_id) == [("sent", None)]
    assert notifier.sink.mails == before + 2  # The welcome, too.


async def test_receipt_needs_no_member_to_be_known_yet(notifier: Running) -> None:
    said = recorded(member(address()))
    await notifier.settle(said)
    await wait_until(notifier.quiet)
    assert await deliveries(notifier, said.receipt_id) == [("sent", None)]
    assert b"LS-HC-PRETORIA" in notifier.sink.bodies[said.contacts[0].value]


async def test_receipt_that_waited_for_a_sender_says_the_same(mouth: Mouth) -> None:
    said = recorded(member(address()), office="Consulate & friends", given=False)
    async with mouth.database.transaction() as session:
        await tell(session, said)
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    mail = mouth.sink.bodies[said.contacts[0].value].replace(b"=\r\n", b"")
    assert b"Consulate & friends" in mail and b"Consulate &amp; friends" in mail
    assert b"You want no more information by e-mail. You said so in a call." in mail


async def test_receipt_of_somebody_erased_is_not_sent_and_nothing_of_it_is_kept(notifier: Running) -> None:
    lerato = member(address())
    await notifier.settle(lerato, recorded(lerato))
    await wait_until(notifier.quiet)
    await notifier.settle(MemberErased(member_id=lerato.member_id))
    assert await notifier.rows("SELECT 1 FROM consent_receipt WHERE member_id = :id", id=lerato.member_id) == []
    late = recorded(lerato)
    await notifier.settle(late)
    assert await deliveries(notifier, late.receipt_id) == []
    assert await notifier.rows("SELECT 1 FROM consent_receipt WHERE member_id = :id", id=lerato.member_id) == []


async def test_receipt_told_again_is_no_mail(notifier: Running) -> None:
    said = recorded(member(address()))
    await notifier.settle(said, again=True)
    assert await deliveries(notifier, said.receipt_id) == []


async def test_withdrawal_by_link_stops_what_is_due_within_a_second(notifier: Running) -> None:
    """News is due a second from now, when the withdrawal arrives: one of two members gets it."""
    lerato, thabo = member(address()), member(address())
    await notifier.settle(lerato, thabo)
    await notifier.settle(*(ContactConfirmed(member_id=m.member_id, contact_id=m.contacts[0].id, at=now()) for m in (lerato, thabo)))
    await wait_until(notifier.quiet)
    news = new_id()
    async with notifier.database.transaction() as session:
        due_at = now() + SOON
        mails = [
            Mail(news, "repeat", each.contacts[0].value, "en", each.member_id, each.contacts[0].id, transactional=False, due_at=due_at)
            for each in (lerato, thabo)
        ]
        await queue(session, mails)
    await notifier.deliver(ConsentWithdrawn(member_id=lerato.member_id, channel="email", at=now()))

    async def ended() -> bool:
        return all(status in ("sent", "suppressed") for status, _ in await deliveries(notifier, news))

    await wait_until(ended)
    rows = await notifier.rows("SELECT member_id, status, reason FROM delivery WHERE cause = :cause", cause=news)
    assert {row.member_id: (row.status, row.reason) for row in rows} == {
        lerato.member_id: ("suppressed", "no_consent"),
        thabo.member_id: ("sent", None),
    }
