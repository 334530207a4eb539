"""Each message: what is kept, and who hears of it."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from re import findall

from pydantic import SecretStr

from shared.clock import new_id, now
from shared.contracts.forum import SpeakerConfirmed, SpeakerDeclined, SpeakerInvited, TeamChanged
from shared.contracts.gateway import ConsentWithdrawn, ContactConfirmed, ContactDisowned
from shared.contracts.registry import MemberChanged, MemberErased, MemberRegistered, RegistrationRepeated
from shared.messaging import Outgoing
from shared.tokens import read
from shared.topology import listening
from tests.services.notifier.conftest import Running, address, member
from tests.waiting import eventually, wait_until

LINK_KEYS = [SecretStr("x" * 32)]


def links(mail: bytes) -> dict[str, str]:
    """Return the token of each link in a mail's text, by its path."""
    message = message_from_bytes(mail, policy=default)
    text = message.get_body(("plain",))
    assert text is not None
    return dict(findall(r"https://khokahano\.example\.org/([a-z]+)/(\S+)", text.get_content()))


async def test_new_member_is_sent_the_confirmation_request(notifier: Running) -> None:
    lerato = member(address(), language="st")
    await notifier.settle(lerato)
    to = lerato.contacts[0].value
    mail = await wait_until(lambda: notifier.sink.bodies.get(to))
    tokens = links(mail)
    confirm = read(LINK_KEYS, "confirm", tokens["confirm"], at=now())
    unsubscribe = read(LINK_KEYS, "unsubscribe", tokens["unsubscribe"], at=now())
    assert (confirm.subject, confirm.contact) == (unsubscribe.subject, unsubscribe.contact) == (lerato.member_id, lerato.contacts[0].id)
    assert timedelta(days=29) < confirm.expires_at - now() < timedelta(days=31)
    assert timedelta(days=729) < unsubscribe.expires_at - now() < timedelta(days=731)
    assert b"Lerato" not in mail and b"Mokoena" not in mail
    await eventually(lambda: _is(notifier, lerato, {"welcome": "sent"}))
    row = (await notifier.rows("SELECT id, address, attempts FROM delivery WHERE member_id = :id", id=lerato.member_id))[0]
    assert (row.address, row.attempts) == (None, 1)
    assert notifier.sink.accepted[to] == [f"{row.id}@example.org"]


async def _is(notifier: Running, who: MemberRegistered, statuses: dict[str, str]) -> None:
    assert await notifier.statuses(who.member_id) == statuses


async def test_redelivered_registration_is_welcomed_once(notifier: Running) -> None:
    lerato, once = member(address()), [new_id()]
    await notifier.settle(lerato, ids=once)
    await notifier.deliver(lerato, ids=once)
    await notifier.settle(lerato)
    await wait_until(notifier.quiet)
    assert len(notifier.sink.accepted[lerato.contacts[0].value]) == 1


async def test_registration_told_again_is_kept_and_causes_nothing(notifier: Running) -> None:
    lerato = member(address())
    await notifier.settle(lerato, again=True)
    assert await notifier.statuses(lerato.member_id) == {}
    assert [
        row.registered for row in await notifier.rows("SELECT registered FROM recipient WHERE member_id = :id", id=lerato.member_id)
    ] == [True]


async def test_malformed_registration_is_dead_lettered_and_blocks_nobody(notifier: Running) -> None:
    queue, thabo = listening("notifier", MemberRegistered).queue, member(address())
    before = len(await notifier.dead_letters(MemberRegistered))
    outgoing = Outgoing(new_id(), MemberRegistered.key, b'{"member_id": "x"}', None, queue, {})
    assert await notifier.publisher.publish([outgoing], deadline_seconds=5) == {}
    await notifier.settle(thabo)
    await eventually(lambda: _is(notifier, thabo, {"welcome": "sent"}))

    async def buried() -> bool:
        return len(await notifier.dead_letters(MemberRegistered)) == before + 1

    await wait_until(buried)


async def test_second_member_at_one_address_waits_its_day(notifier: Running) -> None:
    shared = address()
    mother, daughter, aunt = member(shared), member(shared.upper()), member(shared)
    await notifier.settle(mother)
    await notifier.settle(daughter, aunt)
    await wait_until(notifier.quiet)
    query = "SELECT status, due_at, due_at - now() AS wait FROM delivery WHERE member_id = ANY(:ids) ORDER BY due_at"
    rows = await notifier.rows(query, ids=[mother.member_id, daughter.member_id, aunt.member_id])
    assert [row.status for row in rows] == ["sent", "due", "due"]
    assert timedelta(hours=23, minutes=50) < rows[1].wait < timedelta(hours=24) < rows[2].wait < timedelta(hours=48)
    assert len(notifier.sink.accepted[shared]) == 1


async def test_repeat_is_told_once_a_day_and_a_welcome_counts(notifier: Running) -> None:
    lerato = member(address())
    repeated = RegistrationRepeated(member_id=lerato.member_id, at=now())
    await notifier.settle(repeated)
    await notifier.settle(lerato)
    await notifier.settle(repeated)
    await eventually(lambda: _is(notifier, lerato, {"welcome": "sent"}))
    await notifier.rows("UPDATE turn SET next_at = now() - interval '1 minute' RETURNING 1")
    await notifier.settle(repeated, again=True)
    assert await notifier.statuses(lerato.member_id) == {"welcome": "sent"}
    await notifier.settle(*[RegistrationRepeated(member_id=lerato.member_id, at=now()) for _ in range(5)])
    await notifier.settle(RegistrationRepeated(member_id=lerato.member_id, at=now()))
    await eventually(lambda: _is(notifier, lerato, {"welcome": "sent", "repeat": "sent"}))
    assert len(notifier.sink.accepted[lerato.contacts[0].value]) == 2


async def test_confirmed_contact_is_asked_no_more(notifier: Running) -> None:
    shared = address()
    mother, daughter = member(shared), member(shared)
    await notifier.settle(mother)
    await notifier.settle(daughter)
    contact = daughter.contacts[0]
    await notifier.settle(ContactConfirmed(member_id=daughter.member_id, contact_id=contact.id, at=now()))
    assert await notifier.statuses(daughter.member_id) == {"welcome": "suppressed"}
    rows = await notifier.rows("SELECT confirmed_at FROM contact WHERE id = :id", id=contact.id)
    assert rows[0].confirmed_at is not None


async def test_disowned_address_is_forgotten_and_not_written_to(notifier: Running) -> None:
    shared = address()
    mother, daughter = member(shared), member(shared)
    await notifier.settle(mother)
    await notifier.settle(daughter)
    await notifier.settle(ContactDisowned(member_id=mother.member_id, contact_id=mother.contacts[0].id, at=now()))
    assert await notifier.statuses(daughter.member_id) == {"welcome": "suppressed"}
    later = member(shared)
    await notifier.settle(later, MemberChanged(**mother.model_dump() | {"version": 2}))
    assert await notifier.statuses(later.member_id) == {"welcome": "suppressed"}
    rows = await notifier.rows("SELECT value FROM contact WHERE id = :id", id=mother.contacts[0].id)
    assert rows[0].value is None


async def test_withdrawn_consent_silences_the_shared_address_until_given_anew(notifier: Running) -> None:
    lerato = member(address())
    silenced = "SELECT reason, scope FROM suppression s JOIN contact c USING (address_key) WHERE c.member_id = :id"
    await notifier.settle(lerato)
    await notifier.settle(ConsentWithdrawn(member_id=lerato.member_id, contact_id=lerato.contacts[0].id, at=now()))
    assert [tuple(row) for row in await notifier.rows(silenced, id=lerato.member_id)] == [("unsubscribed", "information")]
    stale = MemberChanged(**lerato.model_dump() | {"version": 2})
    await notifier.settle(stale)
    assert len(await notifier.rows(silenced, id=lerato.member_id)) == 1
    assert len(await notifier.rows("SELECT 1 FROM withdrawal WHERE member_id = :id", id=lerato.member_id)) == 1
    await notifier.settle(MemberChanged(**lerato.model_dump() | {"version": 3, "information": ()}))
    assert await notifier.rows("SELECT 1 FROM withdrawal WHERE member_id = :id", id=lerato.member_id) == []
    await notifier.settle(MemberChanged(**lerato.model_dump() | {"version": 4}))
    assert await notifier.rows(silenced, id=lerato.member_id) == []


async def test_erased_member_leaves_a_tombstone_and_no_address(notifier: Running) -> None:
    shared = address()
    mother, daughter = member(shared), member(shared)
    await notifier.settle(mother)
    await notifier.settle(daughter)
    await eventually(lambda: _is(notifier, mother, {"welcome": "sent"}))
    await notifier.settle(MemberErased(member_id=mother.member_id), MemberErased(member_id=daughter.member_id))
    await notifier.settle(MemberChanged(**mother.model_dump() | {"version": 9}))
    ids = [mother.member_id, daughter.member_id]
    assert [row.status for row in await notifier.rows("SELECT status FROM recipient WHERE member_id = ANY(:ids)", ids=ids)] == [
        "erased"
    ] * 2
    assert await notifier.rows("SELECT 1 FROM contact WHERE member_id = ANY(:ids) AND value IS NOT NULL", ids=ids) == []
    assert (
        await notifier.rows(
            "SELECT 1 FROM delivery WHERE member_id = ANY(:ids) OR cause = ANY(:ids) OR address = :shared", ids=ids, shared=shared
        )
        == []
    )


async def test_confirmed_speaker_reaches_each_address_of_the_team_once(notifier: Running) -> None:
    speaker, team, deadline = new_id(), (address(), address()), datetime(2030, 3, 25, tzinfo=UTC)
    email = address()
    await notifier.settle(TeamChanged(version=1, emails=team))
    await notifier.settle(SpeakerInvited(invitation_id=speaker, name="Palesa <Nthako>", email=email, language="en", deadline=deadline))
    mail = await wait_until(lambda: notifier.sink.bodies.get(email))
    link = read(LINK_KEYS, "speaker", links(mail)["speaker"], at=now())
    assert (link.subject, link.expires_at) == (speaker, deadline)
    assert b"Palesa &lt;Nthako&gt;" in mail and b"24 March 2030" in mail  # The last whole day before the deadline.
    confirmed = SpeakerConfirmed(speaker_id=speaker, name="Palesa Nthako", talk_title="Wool", at=now())
    await notifier.settle(confirmed, confirmed)
    for each in team:
        assert b"Talk: =\r\nWool" in await wait_until(lambda each=each: notifier.sink.bodies.get(each))
    await wait_until(lambda: len(notifier.sink.accepted[email]) == 2)
    await wait_until(notifier.quiet)
    assert [len(notifier.sink.accepted[each]) for each in (*team, email)] == [1, 1, 2]
    await notifier.settle(SpeakerDeclined(speaker_id=speaker, name="Palesa Nthako", at=now()))
    await wait_until(lambda: [len(notifier.sink.accepted[each]) for each in (*team, email)] == [2, 2, 3])
