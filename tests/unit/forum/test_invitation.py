"""What an answer to an invitation does."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Literal
from uuid import UUID

from services.forum.model import Edition, Invitation, Needs
from shared.contracts.forum import SpeakerConfirmed, SpeakerDeclined, SpeakerInvited
from shared.contracts.gateway import InvitationAnswered

INVITED_AT = datetime(2020, 2, 3, 9, tzinfo=UTC)
EDITION = UUID(int=1)
INVITATION = UUID(int=2)


def invitation() -> Invitation:
    """Return 'Mampho Mokoena's invitation of 3 February."""
    edition = Edition(id=EDITION, starts_on=date(2020, 4, 8), days=2, places=6)
    return edition.invite(
        INVITATION, name="'Mampho Mokoena", email="Mampho@example.org", language="st", note="dairy, Clarens", at=INVITED_AT
    )


def answered(answer: Literal["accept", "decline"], minutes: int, talk_title: str | None = None) -> InvitationAnswered:
    """Return an answer given so many minutes after the invitation."""
    return InvitationAnswered(invitation_id=INVITATION, answer=answer, talk_title=talk_title, at=INVITED_AT + timedelta(minutes=minutes))


def test_invite_compares_addresses_without_case() -> None:
    invited = invitation()
    assert (invited.email, invited.email_key, invited.status, invited.version) == ("Mampho@example.org", "mampho@example.org", "invited", 1)
    assert invited.invited() == SpeakerInvited(
        invitation_id=INVITATION,
        name="'Mampho Mokoena",
        email="Mampho@example.org",
        language="st",
        deadline=datetime(2020, 3, 25, tzinfo=UTC),
    )


def test_edition_ends_on_its_last_day() -> None:
    assert Edition(id=EDITION, starts_on=date(2020, 4, 8), days=2, places=6).ends_on == date(2020, 4, 9)


def test_answer_yes_confirms_the_speaker() -> None:
    speaker = invitation()
    event = speaker.answer(answered("accept", 5, "Milk for Maseru"), places_left=1)
    assert event == SpeakerConfirmed(
        speaker_id=INVITATION, name="'Mampho Mokoena", talk_title="Milk for Maseru", at=INVITED_AT + timedelta(minutes=5)
    )
    assert (speaker.status, speaker.version) == ("confirmed", 2)


def test_answer_yes_twice_for_one_talk_is_announced_once() -> None:
    speaker = invitation()
    speaker.answer(answered("accept", 5, "Milk for Maseru"), places_left=1)
    assert speaker.answer(answered("accept", 6, "Milk for Maseru"), places_left=0) is None
    assert speaker.status == "confirmed"


def test_answer_yes_with_a_new_title_is_announced_again() -> None:
    speaker = invitation()
    speaker.answer(answered("accept", 5, "Milk for Maseru"), places_left=1)
    event = speaker.answer(answered("accept", 6, "Cheese for Maseru"), places_left=0)
    assert isinstance(event, SpeakerConfirmed)
    assert event.talk_title == "Cheese for Maseru"


def test_answer_yes_without_a_title_keeps_what_was_said_before() -> None:
    speaker = invitation()
    speaker.answer(answered("accept", 5, "Milk for Maseru"), places_left=1)
    assert speaker.answer(answered("accept", 6), places_left=0) is None
    assert speaker.talk_title == "Milk for Maseru"


def test_answer_yes_without_a_title_confirms() -> None:
    event = invitation().answer(answered("accept", 5), places_left=1)
    assert isinstance(event, SpeakerConfirmed)
    assert event.talk_title == ""


def test_answer_yes_without_a_place_waits_unannounced() -> None:
    speaker = invitation()
    assert speaker.answer(answered("accept", 5, "Milk for Maseru"), places_left=0) is None
    assert (speaker.status, speaker.talk_title) == ("waitlisted", "Milk for Maseru")


def test_move_up_confirms_whoever_waited() -> None:
    speaker = invitation()
    speaker.answer(answered("accept", 5, "Milk for Maseru"), places_left=0)
    event = speaker.move_up(INVITED_AT + timedelta(minutes=9))
    assert event == SpeakerConfirmed(
        speaker_id=INVITATION, name="'Mampho Mokoena", talk_title="Milk for Maseru", at=INVITED_AT + timedelta(minutes=9)
    )
    assert speaker.status == "confirmed"


def test_answer_no_declines_once() -> None:
    speaker = invitation()
    event = speaker.answer(answered("decline", 5), places_left=1)
    assert event == SpeakerDeclined(speaker_id=INVITATION, name="'Mampho Mokoena", at=INVITED_AT + timedelta(minutes=5))
    assert speaker.answer(answered("decline", 6), places_left=1) is None


def test_answers_in_any_order_end_as_the_one_given_last() -> None:
    answers = [answered("accept", 1, "Milk"), answered("decline", 2), answered("accept", 3, "Cheese")]
    for order in permutations(answers):
        speaker = invitation()
        events = [event for answer in order if (event := speaker.answer(answer, places_left=1))]
        assert (speaker.status, speaker.talk_title) == ("confirmed", "Cheese")
        assert events[-1] == speaker.confirmed()


def test_answer_that_comes_after_a_move_up_is_announced_as_newer() -> None:
    speaker = invitation()
    speaker.answer(answered("accept", 1, "Milk"), places_left=0)
    moved_up = speaker.move_up(INVITED_AT + timedelta(minutes=9))
    declined = speaker.answer(answered("decline", 2), places_left=0)
    assert isinstance(declined, SpeakerDeclined)
    assert declined.at > moved_up.at


def test_answer_to_a_withdrawn_invitation_changes_nothing() -> None:
    speaker = invitation()
    speaker.withdraw(INVITED_AT + timedelta(minutes=1))
    assert speaker.answer(answered("accept", 5, "Milk"), places_left=1) is None
    assert (speaker.status, speaker.talk_title, speaker.version) == ("withdrawn", "", 2)


def test_withdraw_twice_does_nothing() -> None:
    speaker = invitation()
    speaker.withdraw(INVITED_AT)
    speaker.withdraw(INVITED_AT)
    assert speaker.version == 2


def test_ask_for_the_same_needs_changes_nothing() -> None:
    speaker = invitation()
    wheelchair = Needs(travel="bus from Bloemfontein", access="wheelchair")
    speaker.ask_for(wheelchair)
    speaker.ask_for(wheelchair)
    assert (speaker.needs, speaker.version) == (wheelchair, 2)


def test_needs_of_somebody_who_does_not_come_are_forgotten() -> None:
    declined, withdrawn = invitation(), invitation()
    for speaker in (declined, withdrawn):
        speaker.ask_for(Needs(diet="no nuts", access="wheelchair"))
    declined.answer(answered("decline", 5), places_left=1)
    withdrawn.withdraw(INVITED_AT)
    assert (declined.needs, withdrawn.needs) == (Needs(), Needs())


def test_no_event_of_the_forum_can_carry_needs() -> None:
    needs = {"travel", "diet", "access", "equipment", "needs"}
    for event in (SpeakerInvited, SpeakerConfirmed, SpeakerDeclined):
        assert needs & set(event.model_fields) == set()
