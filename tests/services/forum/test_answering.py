"""An invited person's answer, from the forum's queue to what the notifier is told."""

import random
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import text

from shared.clock import new_id
from shared.contracts.forum import SpeakerConfirmed, SpeakerDeclined
from shared.contracts.gateway import InvitationAnswered
from shared.messaging import Outgoing
from tests.services.forum.conftest import ANSWERED, PLACES, Forum
from tests.waiting import wait_until

FIRST = datetime(2090, 1, 15, 8, tzinfo=UTC)


def answer(
    speaker: UUID, what: Literal["accept", "decline"] = "accept", talk_title: str | None = "Milk for Maseru", minutes: int = 0
) -> InvitationAnswered:
    """Return an answer given so many minutes after the first."""
    return InvitationAnswered(invitation_id=speaker, answer=what, talk_title=talk_title, at=FIRST + timedelta(minutes=minutes))


async def settled(forum: Forum, *answers: InvitationAnswered, ids: list[UUID] | None = None) -> list[UUID]:
    """Deliver answers and wait until their effects are committed and announced."""
    delivered = await forum.deliver(*answers, ids=ids or ())
    await wait_until(lambda: forum.handled(delivered))
    await wait_until(lambda: announced(forum))
    return delivered


async def announced(forum: Forum) -> bool:
    """Tell whether the forum's outbox is empty."""
    async with forum.database.transaction() as session:
        return (await session.execute(text("SELECT count(*) FROM outbox"))).scalar() == 0


async def test_answer_yes_makes_a_speaker_and_tells_the_notifier(forum: Forum) -> None:
    speaker = await forum.invite("'Mampho Mokoena")
    await settled(forum, answer(speaker))
    assert await forum.status(speaker) == "confirmed"
    assert await forum.hear(SpeakerConfirmed) == [
        SpeakerConfirmed(speaker_id=speaker, name="'Mampho Mokoena", talk_title="Milk for Maseru", at=FIRST)
    ]


async def test_answer_no_declines_and_tells_the_notifier(forum: Forum) -> None:
    speaker = await forum.invite("Tšepo Ramatla")
    await settled(forum, answer(speaker, "decline", None))
    assert await forum.status(speaker) == "declined"
    assert await forum.hear(SpeakerDeclined) == [SpeakerDeclined(speaker_id=speaker, name="Tšepo Ramatla", at=FIRST)]


async def test_answer_redelivered_is_announced_once(forum: Forum) -> None:
    speaker = await forum.invite()
    ids = await settled(forum, answer(speaker))
    other = await forum.invite()
    await settled(forum, answer(speaker), ids=ids)
    await settled(forum, answer(other))  # One consumer, in order: what came before it has been handled.
    assert [confirmed.speaker_id for confirmed in await forum.hear(SpeakerConfirmed)] == [speaker, other]


async def test_answer_given_twice_is_announced_once(forum: Forum) -> None:
    speaker = await forum.invite()
    await settled(forum, answer(speaker), answer(speaker, minutes=1))
    assert len(await forum.hear(SpeakerConfirmed)) == 1


async def test_answer_with_another_talk_is_announced_again(forum: Forum) -> None:
    speaker = await forum.invite()
    await settled(forum, answer(speaker))
    await settled(forum, answer(speaker, talk_title="Cheese for Maseru", minutes=1))
    assert [confirmed.talk_title for confirmed in await forum.hear(SpeakerConfirmed)] == ["Milk for Maseru", "Cheese for Maseru"]


async def test_answer_to_no_invitation_is_dead_lettered_and_blocks_nobody(forum: Forum) -> None:
    nobody, speaker = new_id(), await forum.invite()
    await forum.deliver(answer(nobody), answer(speaker))
    await wait_until(lambda: forum.dead_letters())
    await wait_until(lambda: confirmed(forum, speaker))
    assert [(letter.error, letter.reason) for letter in await forum.dead_letters()] == [("Unknown", f"there is no invitation {nobody}")]


async def confirmed(forum: Forum, speaker: UUID) -> bool:
    """Tell whether this speaker is confirmed."""
    return await forum.status(speaker) == "confirmed"


async def test_answer_that_is_malformed_is_dead_lettered_without_its_values(forum: Forum) -> None:
    body = b'{"invitation_id": "palesa@example.org", "answer": "perhaps", "at": "soon"}'
    await forum.deliver_raw(Outgoing(new_id(), InvitationAnswered.key, body, None, ANSWERED.queue))
    (letter,) = await wait_until(lambda: forum.dead_letters())
    assert (letter.error, letter.reason) == (
        "Malformed",
        "/invitation_id: uuid_parsing; /answer: literal_error; /at: datetime_from_date_parsing",
    )


async def test_answer_of_another_type_is_dead_lettered(forum: Forum) -> None:
    await forum.deliver_raw(Outgoing(new_id(), "gateway.contact_confirmed.v1", b"{}", None, ANSWERED.queue))
    (letter,) = await wait_until(lambda: forum.dead_letters())
    assert letter.error == "Malformed"


async def test_answers_shuffled_end_as_the_one_given_last(forum: Forum) -> None:
    speaker = await forum.invite()
    answers = [
        answer(speaker, "accept" if minute % 2 else "decline", f"Talk {minute}" if minute % 2 else None, minute) for minute in range(30)
    ]
    random.Random(8).shuffle(answers)
    await settled(forum, *answers)
    shown = await forum.show(speaker)
    assert (shown["status"], shown["talk_title"]) == ("confirmed", "Talk 29")
    said = sorted([*await forum.hear(SpeakerConfirmed), *await forum.hear(SpeakerDeclined)], key=lambda event: event.at)
    assert said[-1] == SpeakerConfirmed(speaker_id=speaker, name="Tšepo Ramatla", talk_title="Talk 29", at=said[-1].at)


async def test_places_are_never_given_twice_and_a_free_one_goes_to_who_waited_longest(forum: Forum) -> None:
    speakers = [await forum.invite() for _ in range(PLACES + 3)]
    for minute, speaker in enumerate(speakers):
        await settled(forum, answer(speaker, minutes=minute))
    statuses = [await forum.status(speaker) for speaker in speakers]
    assert statuses == ["confirmed", "confirmed", "waitlisted", "waitlisted", "waitlisted"]
    assert [event.speaker_id for event in await forum.hear(SpeakerConfirmed)] == speakers[:PLACES]
    await settled(forum, answer(speakers[0], "decline", None, 60))
    assert [event.speaker_id for event in await forum.hear(SpeakerConfirmed)] == [speakers[2]]
    assert [await forum.status(speaker) for speaker in speakers] == ["declined", "confirmed", "confirmed", "waitlisted", "waitlisted"]


async def test_answers_all_at_once_fill_the_places_exactly(forum: Forum) -> None:
    speakers = [await forum.invite() for _ in range(10)]
    await settled(forum, *(answer(speaker, minutes=minute) for minute, speaker in enumerate(speakers)))
    statuses = sorted([await forum.status(speaker) for speaker in speakers])
    assert statuses == ["confirmed"] * PLACES + ["waitlisted"] * (10 - PLACES)
    assert len(await forum.hear(SpeakerConfirmed)) == PLACES


async def test_answer_to_a_withdrawn_invitation_is_handled_and_changes_nothing(forum: Forum) -> None:
    speaker = await forum.invite()
    assert (await forum.ask("POST", f"/api/v1/speakers/{speaker}/withdraw", json={"version": 1})).status_code == 200
    await settled(forum, answer(speaker))
    assert await forum.status(speaker) == "withdrawn"
    assert await forum.hear(SpeakerConfirmed) == []
