"""The mail that holds a manage link, and that an erasure is answered once nothing is left."""

from datetime import timedelta

import pytest

from services.notifier.mails import Mails
from services.notifier.model import TEMPLATES
from shared.clock import new_id, now
from shared.contracts.base import Message
from shared.contracts.notifier import ErasureCompleted
from shared.contracts.registry import ManageLinkDecided, MemberChanged, MemberErased, MemberRegistered
from shared.messaging import Outgoing, connect
from shared.tokens import read
from shared.topology import listening
from tests.services.notifier.conftest import Running, address, member
from tests.services.notifier.test_handlers import LINK_KEYS, links
from tests.waiting import eventually, wait_until


def decided(who: MemberRegistered, answer: str = "link") -> ManageLinkDecided:
    return ManageLinkDecided.model_validate(
        {"request_id": new_id(), "member_id": who.member_id, "contact_id": who.contacts[0].id, "answer": answer}
    )


async def welcomed(notifier: Running) -> MemberRegistered:
    """Return a member whose welcome has been sent."""
    lerato = member(address())
    await notifier.settle(lerato)
    await wait_until(lambda: notifier.sink.accepted.get(lerato.contacts[0].value))
    return lerato


async def test_link_opens_the_member_s_page_for_half_an_hour(notifier: Running) -> None:
    lerato = await welcomed(notifier)
    to = lerato.contacts[0].value
    notifier.sink.bodies.pop(to)
    await notifier.settle(decided(lerato))
    mail = await wait_until(lambda: notifier.sink.bodies.get(to))
    link = read(LINK_KEYS, "manage", links(mail)["me"], at=now())
    assert (link.subject, link.contact) == (lerato.member_id, lerato.contacts[0].id)
    assert timedelta(minutes=29) < link.expires_at - now() <= timedelta(minutes=30)
    assert b"Lerato" not in mail and b"Mokoena" not in mail


async def test_address_is_written_to_once_in_a_few_minutes(notifier: Running) -> None:
    lerato = await welcomed(notifier)
    await notifier.settle(decided(lerato), decided(lerato), decided(lerato, "confirm_first"))
    await wait_until(notifier.quiet)
    assert len(notifier.sink.accepted[lerato.contacts[0].value]) == 2
    assert await notifier.statuses(lerato.member_id) == {"welcome": "sent", "manage": "sent"}


@pytest.mark.parametrize(("answer", "paths"), [("confirm_first", {"confirm"}), ("ask_the_office", set())])
async def test_other_answers_hold_no_manage_link(notifier: Running, answer: str, paths: set[str]) -> None:
    lerato = await welcomed(notifier)
    to = lerato.contacts[0].value
    notifier.sink.bodies.pop(to)
    await notifier.settle(decided(lerato, answer))
    assert set(links(await wait_until(lambda: notifier.sink.bodies.get(to)))) == paths


async def test_nobody_is_written_to_at_a_contact_that_is_another_s_or_gone(notifier: Running) -> None:
    lerato, palesa = await welcomed(notifier), await welcomed(notifier)
    crossed = decided(lerato).model_copy(update={"contact_id": palesa.contacts[0].id})
    await notifier.settle(crossed)
    await notifier.settle(MemberErased(member_id=lerato.member_id))
    await notifier.settle(decided(lerato))
    await wait_until(notifier.quiet)
    assert [len(notifier.sink.accepted[who.contacts[0].value]) for who in (lerato, palesa)] == [1, 1]


def test_no_other_mail_holds_a_manage_link() -> None:
    mails = Mails(sender="Khokahano <khokahano@example.org>", domain="example.org")
    assert [template for template in TEMPLATES if "manage" in mails.names(template, "en") | mails.names(template, "st")] == ["manage"]


async def test_erasure_is_answered_when_no_dead_letter_names_the_member(notifier: Running) -> None:
    lerato, palesa = await welcomed(notifier), await welcomed(notifier)
    buried: list[Message] = [MemberChanged.model_validate(who.model_dump() | {"version": 2}) for who in (lerato, palesa)]
    queue = listening("notifier", MemberChanged).dead_queue
    letters = [Outgoing(new_id(), said.key, said.model_dump_json().encode(), None, queue) for said in buried]
    assert await notifier.publisher.publish(letters, deadline_seconds=5) == {}
    await notifier.settle(MemberErased(member_id=lerato.member_id, submission_ids=(lerato.submission_id,)))

    async def answered() -> None:
        assert [said.member_id for said in await completed(notifier)] == [lerato.member_id]

    await eventually(answered)
    assert [dead.message_id for dead in await notifier.dead_letters(MemberChanged)] == [str(letters[1].id)]
    assert not await notifier.rows("SELECT 1 FROM contact WHERE member_id = :id AND value IS NOT NULL", id=lerato.member_id)


_completed: list[ErasureCompleted] = []


async def completed(notifier: Running) -> list[ErasureCompleted]:
    """Return the erasures that were answered since the last erased member but one was looked for."""
    connection = await connect(notifier.rabbitmq_url, "tests")
    async with connection:
        queue = await (await connection.channel()).get_queue(listening("registry", ErasureCompleted).queue, ensure=False)
        while incoming := await queue.get(no_ack=True, fail=False):
            _completed.append(ErasureCompleted.model_validate_json(incoming.body))
    return _completed[-1:]
