"""The sender against mail servers of all tempers."""

import asyncio
from time import monotonic

import pytest

from services.notifier.queueing import Mail, queue
from services.notifier.settings import NotifierSettings
from shared.clock import new_id, now
from shared.contracts.gateway import ContactDisowned
from tests.services.notifier.conftest import Mouth, address, member
from tests.sink import listen
from tests.waiting import wait_until

CONNECTIONS: int = NotifierSettings.model_fields["smtp_connections"].default


async def test_each_mail_goes_once_over_kept_connections(mouth: Mouth) -> None:
    people = [member(address()) for _ in range(500)]
    await mouth.welcome(*people)
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    assert mouth.sink.stats() | {"first": 0, "last": 0} == {
        "mails": 500,
        "recipients": 500,
        "repeats": 0,
        "refused": 0,
        "connections": 0,
        "most_connections": CONNECTIONS,
        "first": 0,
        "last": 0,
    }
    assert await mouth.count("sent") == 500


async def test_greylisted_mail_is_tried_again_and_arrives_once(mouth: Mouth) -> None:
    mouth.sink.behave("greylist")
    await mouth.welcome(*[member(address()) for _ in range(200)])
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    stats = mouth.sink.stats()
    assert (stats["mails"], stats["recipients"]) == (200, 200)
    rows = await mouth.rows("SELECT status, attempts, count(*) FROM delivery GROUP BY 1, 2")
    assert [tuple(row) for row in rows] == [("sent", 2, 200)]


async def test_address_that_is_gone_is_suppressed_and_its_owner_told(mouth: Mouth) -> None:
    mouth.sink.behave("bounce")
    thabo, lerato = member("bounce@example.org"), member(address())
    await mouth.welcome(thabo, lerato)
    async with mouth.sending():
        await wait_until(mouth.all_ended)
        async with mouth.database.transaction() as session:
            await queue(session, [Mail(new_id(), "repeat", "Bounce@example.org", "en", thabo.member_id, thabo.contacts[0].id)])
    rows = await mouth.rows("SELECT template, status, reason FROM delivery WHERE member_id = :id ORDER BY id", id=thabo.member_id)
    assert [tuple(row) for row in rows] == [("welcome", "failed", "550 5.1.1"), ("repeat", "suppressed", "undeliverable")]
    told = await mouth.rows("SELECT key, body FROM outbox")
    assert [row.key for row in told] == ["notifier.contact_undeliverable.v1"]
    assert str(thabo.contacts[0].id) in told[0].body and "bounce" not in told[0].body
    assert list(mouth.sink.accepted) == [lerato.contacts[0].value]


async def test_refusal_for_spam_suppresses_nobody(mouth: Mouth) -> None:
    mouth.sink.behave("spam")
    await mouth.welcome(member(address()))
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    assert [tuple(row) for row in await mouth.rows("SELECT status, reason, address FROM delivery")] == [("failed", "554 5.7.1", None)]
    assert await mouth.rows("SELECT 1 FROM suppression UNION ALL SELECT 1 FROM outbox") == []


@pytest.mark.parametrize("own_variables", [{"MAIL_GIVE_UP_SECONDS": "0.5", "MAIL_RETRY_SECONDS": "0.2"}], indirect=True)
async def test_mail_that_is_refused_for_too_long_has_failed(mouth: Mouth) -> None:
    mouth.sink.behave("later")
    await mouth.welcome(member(address()))
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    rows = await mouth.rows("SELECT status, reason, address FROM delivery")
    assert [tuple(row) for row in rows] == [("failed", "451 4.3.2", None)]


async def test_server_that_is_away_costs_no_attempt_and_loses_nothing(mouth: Mouth) -> None:
    port = mouth.server.sockets[0].getsockname()[1]
    mouth.server.close()
    await mouth.welcome(*[member(address()) for _ in range(50)])
    async with mouth.sending() as sender:
        await wait_until(lambda: sender.pool.pause_seconds >= 1)
        assert [tuple(row) for row in await mouth.rows("SELECT max(attempts), count(*) FROM delivery")] == [(0, 50)]
        mouth.server = await listen(mouth.sink, port)
        await wait_until(mouth.all_ended)
    assert [tuple(row) for row in await mouth.rows("SELECT status, attempts, count(*) FROM delivery GROUP BY 1, 2")] == [("sent", 1, 50)]


async def test_server_that_hangs_up_now_and_then_loses_nothing(mouth: Mouth) -> None:
    mouth.sink.behave("slow=10,close=7,drop=11")
    await mouth.welcome(*[member(address()) for _ in range(150)])
    async with mouth.sending():
        for _ in range(5):
            seen = mouth.sink.mails
            await wait_until(lambda seen=seen: mouth.sink.mails > seen + 10, every=0.005)
            mouth.sink.cut()
        mouth.sink.behave("")
        await wait_until(mouth.all_ended, 20)
    assert await mouth.count("sent") == 150
    assert mouth.sink.stats()["recipients"] == 150
    assert mouth.sink.stats()["repeats"] <= 5 * CONNECTIONS


async def test_server_that_takes_few_connections_is_used_with_those(mouth: Mouth) -> None:
    await mouth.welcome(*[member(address()) for _ in range(300)])
    mouth.sink.most = 3
    async with mouth.sending() as sender:
        await wait_until(mouth.all_ended)
        assert sender.pool.pause_seconds == 0
    assert await mouth.count("sent") == 300


async def test_suppression_that_comes_after_queueing_is_read_at_the_claim(mouth: Mouth) -> None:
    from services.notifier.handlers import suppress_contact

    thabo = member(address())
    await mouth.welcome(thabo)
    async with mouth.database.transaction() as session:
        await queue(session, [Mail(new_id(), "repeat", address(), "en", thabo.member_id, thabo.contacts[0].id)])
    async with mouth.database.transaction() as session:
        await suppress_contact(ContactDisowned(member_id=thabo.member_id, contact_id=thabo.contacts[0].id, at=now()), session)
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    rows = await mouth.rows("SELECT template, status, reason FROM delivery ORDER BY id")
    assert [tuple(row) for row in rows] == [("welcome", "suppressed", "disowned"), ("repeat", "suppressed", "erased")]
    assert mouth.sink.accepted == {}


async def test_bulk_goes_only_where_it_is_agreed_to_and_after_what_is_urgent(mouth: Mouth) -> None:
    from services.notifier.handlers import keep_confirmations, keep_members
    from shared.contracts.gateway import ContactConfirmed
    from shared.contracts.registry import MemberChanged

    agreed, unconfirmed, refused = member(address()), member(address()), member(address(), information=())
    async with mouth.database.transaction() as session:
        await keep_members([MemberChanged(**each.model_dump()) for each in (agreed, unconfirmed, refused)], session)
        for each in (agreed, refused):
            await keep_confirmations([ContactConfirmed(member_id=each.member_id, contact_id=each.contacts[0].id, at=now())], session)
        news = new_id()
        mails = [
            Mail(news, "repeat", each.contacts[0].value, "en", each.member_id, each.contacts[0].id, transactional=False)
            for each in (agreed, unconfirmed, refused)
        ]
        await queue(session, mails)
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    rows = await mouth.rows("SELECT member_id, status, reason FROM delivery")
    assert {row.member_id: (row.status, row.reason) for row in rows} == {
        agreed.member_id: ("sent", None),
        unconfirmed.member_id: ("suppressed", "unconfirmed"),
        refused.member_id: ("suppressed", "no_consent"),
    }


async def test_unwritable_address_fails_alone(mouth: Mouth) -> None:
    evil = [member("a@example.org, b@example.org"), member("a@example.org\r\nRCPT TO:<b@example.org>"), member("x\u2028@example.org")]
    good = member(address())
    await mouth.welcome(*evil, good)
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    assert [tuple(row) for row in await mouth.rows("SELECT status, reason, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 1")] == [
        ("failed", "address", 3),
        ("sent", None, 1),
    ]
    assert list(mouth.sink.accepted) == [good.contacts[0].value]


async def test_international_addresses_go_by_smtputf8(mouth: Mouth) -> None:
    people = [member("tšepo@example.org"), member("palesa@bücher.example.org")]
    await mouth.welcome(*people)
    async with mouth.sending():
        await wait_until(mouth.all_ended)
    assert sorted(mouth.sink.accepted) == ["palesa@xn--bcher-kva.example.org", "tšepo@example.org"]


async def test_stop_finishes_what_is_under_way_and_gives_the_rest_back(mouth: Mouth) -> None:
    mouth.sink.behave("slow=50")
    await mouth.welcome(*[member(address()) for _ in range(200)])
    async with mouth.sending():
        await wait_until(lambda: mouth.sink.stats()["mails"] >= 20)
        began = monotonic()
    assert monotonic() - began < 1
    sent = await mouth.count("sent")
    assert (sent, await mouth.count("due")) == (mouth.sink.stats()["mails"], 200 - sent)
    assert (await mouth.rows("SELECT count(*) FROM delivery WHERE lease_token IS NOT NULL"))[0][0] == 0


async def test_two_senders_share_the_work(mouth: Mouth) -> None:
    await mouth.welcome(*[member(address()) for _ in range(400)])
    async with mouth.sending(), mouth.sending():
        await wait_until(mouth.all_ended)
    assert (await mouth.count("sent"), mouth.sink.stats()["repeats"]) == (400, 0)


async def test_commit_wakes_the_sender_without_a_poll(mouth: Mouth) -> None:
    mouth.settings = mouth.settings.model_copy(update={"sender_poll_seconds": 60.0})
    async with mouth.sending() as sender:
        await wait_until(lambda: not sender.pool.lanes)
        await asyncio.sleep(0.1)
        began, thabo = monotonic(), member(address())
        await mouth.welcome(thabo)
        await wait_until(mouth.all_ended, every=0.005)
        assert monotonic() - began < 1
