"""An announcement: to whom it goes, what it says, and that nothing loses or doubles anybody."""

import asyncio
import os
import subprocess
import sys
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from time import monotonic

import pytest

from services.notifier import announcements
from services.notifier.handlers import keep_confirmations, keep_members, suppress_contact, withdraw_consent
from services.notifier.settings import NotifierSettings
from shared.clock import new_id, now
from shared.contracts.gateway import ConsentWithdrawn, ContactConfirmed, ContactDisowned
from shared.contracts.registry import Contact, MemberChanged, MemberRegistered
from tests.services.notifier.conftest import Mouth, address, member
from tests.services.notifier.test_cases import another_process
from tests.waiting import wait_until

CONNECTIONS: int = NotifierSettings.model_fields["smtp_connections"].default
WORDS = {
    "subject_en": "News from Maseru",
    "text_en": "Dear friends,\n\nthe forum opens on 8 April. ((confirm)) <b>Come!</b>\nhttps://khokahano.example.org/forum",
    "subject_st": "Litaba tse tsoang Maseru",
    "text_st": "Metsoalle,\n\nseboka se bula ka la 8 'Mesa.",
}


async def keep(mouth: Mouth, *people: MemberRegistered, confirmed: bool = True) -> None:
    """Have the notifier know these people, and that they confirmed their addresses."""
    async with mouth.database.transaction() as session:
        await keep_members([MemberChanged(**each.model_dump()) for each in people], session)
        if confirmed:
            said = [ContactConfirmed(member_id=each.member_id, contact_id=c.id, at=now()) for each in people for c in each.contacts]
            await keep_confirmations(said, session)


async def announce(mouth: Mouth, **words: str) -> None:
    async with mouth.database.transaction() as session:
        assert await announcements.start(session, WORDS | words)


async def all_prepared(mouth: Mouth) -> bool:
    """Tell whether the walk has seen everybody and every mail has ended."""
    walking = await mouth.rows("SELECT 1 FROM announcement WHERE status = 'preparing'")
    return not walking and await mouth.all_ended()


async def test_announcement_goes_once_to_each_confirmed_address_that_agreed(mouth: Mouth) -> None:
    shared, phone = address(), Contact(id=new_id(), kind="phone", value="+27710000001")
    agreed = [member(address()), member(address(), language="st"), member(shared), member(shared), member("tšepo@example.org")]
    others = {name: member(address()) for name in ("unconfirmed", "disowned", "withdrawn", "silenced", "erased")}
    refused, by_phone = member(address(), information=()), member(address(), information=("sms",))
    with_phone = member(address())
    with_phone = with_phone.model_copy(update={"contacts": (*with_phone.contacts, phone)})
    await keep(mouth, *agreed, refused, by_phone, with_phone, *[who for name, who in others.items() if name != "unconfirmed"])
    await keep(mouth, others["unconfirmed"], confirmed=False)
    async with mouth.database.transaction() as session:
        who = others["disowned"]
        await suppress_contact(ContactDisowned(member_id=who.member_id, contact_id=who.contacts[0].id, at=now()), session)
        await withdraw_consent(ConsentWithdrawn(member_id=others["withdrawn"].member_id, at=now()), session)
        who = others["silenced"]
        await withdraw_consent(ConsentWithdrawn(member_id=who.member_id, contact_id=who.contacts[0].id, at=now()), session)
    await mouth.rows("UPDATE recipient SET status = 'erased' WHERE member_id = :id RETURNING 1", id=others["erased"].member_id)
    await announce(mouth)
    async with mouth.sending():
        await wait_until(lambda: all_prepared(mouth))
    to = {each.contacts[0].value for each in (*agreed, with_phone)}
    assert {address: len(ids) for address, ids in mouth.sink.accepted.items()} == dict.fromkeys(to, 1)
    [row] = await mouth.rows("SELECT status, looked_at, prepared, ended_at IS NOT NULL AS ended FROM announcement")
    assert (row.status, row.prepared, row.ended) == ("prepared", len(to), True)
    assert [tuple(each) for each in await mouth.rows("SELECT status, count(*) FROM delivery GROUP BY 1")] == [("sent", len(to))]


async def test_announcement_is_text_in_both_languages_the_readers_first(mouth: Mouth) -> None:
    thabo, lerato = member(address()), member(address(), language="st")
    await keep(mouth, thabo, lerato)
    await announce(mouth)
    async with mouth.sending():
        await wait_until(lambda: all_prepared(mouth))
    english, sesotho = (message_from_bytes(mouth.sink.bodies[each.contacts[0].value], policy=default) for each in (thabo, lerato))
    assert english["Subject"] == "News from Maseru / Litaba tse tsoang Maseru"
    assert sesotho["Subject"] == "Litaba tse tsoang Maseru / News from Maseru"
    assert english["List-Unsubscribe"].startswith("<https://khokahano.example.org/unsubscribe/")
    assert english["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (part.get_content().replace("\r\n", "\n") for part in english.iter_parts())
    assert text.index("Dear friends,\n\nthe forum opens on 8 April. ((confirm)) <b>Come!</b>\nhttps://") < text.index(
        "Metsoalle,\n\nseboka"
    )
    assert "<p>Dear friends,</p>\n<p>the forum opens on 8 April. ((confirm)) &lt;b&gt;Come!&lt;/b&gt;<br>\nhttps://" in html
    assert text.count("/unsubscribe/") == 2 and "Lerato" not in text and "Mokoena" not in text


async def test_same_words_are_announced_once(mouth: Mouth) -> None:
    await keep(mouth, member(address()))
    await announce(mouth)
    async with mouth.database.transaction() as session:
        assert await announcements.start(session, WORDS) is None
    async with mouth.sending():
        await wait_until(lambda: all_prepared(mouth))
    assert mouth.sink.mails == 1


@pytest.mark.parametrize("own_variables", [{"SENDER_LEASE_SECONDS": "2", "BULK_SIZE": "60"}], indirect=True)
async def test_killed_senders_lose_nobody_and_double_at_most_one_mail_a_connection(mouth: Mouth, own_variables: dict[str, str]) -> None:
    people = [member(address()) for _ in range(1200)]
    await keep(mouth, *people)
    await announce(mouth)
    kills = (100, 400, 700)
    for enough in kills:
        with another_process(own_variables, mouth) as process:
            await wait_until(lambda enough=enough: mouth.sink.stats()["recipients"] >= enough, 20, every=0.002)
            process.kill()
    async with mouth.sending(), mouth.sending():
        await wait_until(lambda: all_prepared(mouth), 30)
    assert set(mouth.sink.accepted) == {each.contacts[0].value for each in people}
    assert mouth.sink.stats()["repeats"] == mouth.sink.stats()["mails"] - 1200 <= len(kills) * CONNECTIONS
    assert (await mouth.count("sent"), await mouth.rows("SELECT prepared FROM announcement")) == (1200, [(1200,)])


@pytest.mark.parametrize("own_variables", [{"BULK_SIZE": "80", "SMTP_CONNECTIONS": "4"}], indirect=True)
async def test_nothing_is_prepared_beyond_what_senders_have_in_hand_and_a_welcome_overtakes_it(mouth: Mouth) -> None:
    mouth.sink.behave("slow=20")
    await keep(mouth, *[member(address()) for _ in range(500)])
    await announce(mouth)
    async with mouth.sending():
        await wait_until(lambda: mouth.sink.mails >= 100)
        began, thabo = monotonic(), member(address())
        await mouth.welcome(thabo)
        await wait_until(lambda: thabo.contacts[0].value in mouth.sink.accepted, every=0.005)
        assert monotonic() - began < 0.5
        [row] = await mouth.rows("SELECT count(*) FILTER (WHERE status = 'sending') AS held, count(*) AS prepared FROM delivery")
        assert row.held <= 80 + 2 * 4
        assert row.prepared < 400


async def test_nothing_is_prepared_while_the_mail_server_is_away(mouth: Mouth) -> None:
    mouth.server.close()
    await keep(mouth, *[member(address()) for _ in range(300)])
    await announce(mouth)
    async with mouth.sending() as sender:
        await wait_until(lambda: sender.pool.pause_seconds >= 1)
        assert (await mouth.rows("SELECT count(*) FROM delivery"))[0][0] <= 3 * CONNECTIONS


async def test_stopped_announcement_is_prepared_no_further(mouth: Mouth) -> None:
    mouth.sink.behave("slow=20")
    await keep(mouth, *[member(address()) for _ in range(2000)])
    await announce(mouth)
    async with mouth.sending():
        await wait_until(lambda: mouth.sink.mails >= 20)
        async with mouth.database.transaction() as session:
            [(announcement, _)] = await announcements.everything(session)
            assert await announcements.stop(session, announcement.id)
            assert not await announcements.stop(session, announcement.id)
        await wait_until(lambda: all_prepared(mouth))
    assert 20 <= mouth.sink.mails == await mouth.count("sent") < 1900


async def test_command_starts_lists_and_stops(mouth: Mouth, own_variables: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "news.toml"
    file.write_text("\n".join(f'[{each}]\nsubject = "Khotso"\ntext = """\nMetsoalle,\n\nTlong!\n"""' for each in ("en", "st")))

    async def khokahano(*words: str) -> tuple[int, str]:
        environment = os.environ | own_variables | {"KHOKAHANO_LOCAL": str(tmp_path / "local")}
        command = [sys.executable, "-m", "ops.cli", "announcement", *words]
        done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    status, started = await khokahano("send", str(file))
    assert (status, started.partition(": ")[0]) == (0, "started")
    identifier = started.partition(": ")[2].strip()
    assert (await khokahano("send", str(file)))[0] == 1
    status, listed = await khokahano("list")
    assert (status, identifier in listed, "preparing" in listed) == (0, True, True)
    assert (await khokahano("stop", identifier))[0] == 0
    assert (await khokahano("stop", identifier))[0] == 1
    file.write_text('[en]\nsubject = "Khotso"\n')
    assert (await khokahano("send", str(file)))[0] == 2
