"""One record becomes two again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.registry.duplicates.joining import Joined, row_of
from services.registry.duplicates.parting import Parted, part
from services.registry.model import Member
from tests.unit.registry.duplicates.records import CLERK, LATER, PALESA, TWICE, contact, joined, member

WORDING = ("2020-01", "en")
EMAIL = ("information", "email")
MISSION = ("sharing", "mission")


def parted(kept: Member, done: Joined, since: dict[Any, bool] | None = None) -> Parted:
    """Undo a merge; the kept one's every yes was to the first wording."""
    wordings = {EMAIL: WORDING, ("information", "call"): WORDING, MISSION: WORDING}
    return part(kept, done.before, done.moved, since=since or {}, wordings=wordings, by=CLERK)  # type: ignore[arg-type]


def said(done: Parted) -> list[tuple[UUID, str | None, bool, str]]:
    """Return the answers that are recorded."""
    return [(each.member_id, each.channel or each.recipient, each.given, each.way) for each in done.consents]


def pair() -> tuple[Member, Member]:
    """Return two who both agree to hear by e-mail; the one also by call, and the other's address is confirmed."""
    one = member(
        contacts=[contact(1, "palesa@example.org"), contact(2, "+27710000001")], information=["email", "call"], channels=["email", "call"]
    )
    other = member(
        TWICE,
        "Phalesa",
        contacts=[contact(3, "p.mokoena@example.com", member=TWICE, confirmed_at=LATER), contact(4, "palesa@example.org", member=TWICE)],
        information=["email"],
        channels=["email"],
        status="confirmed",
        confirmed_at=LATER,
        city="Welkom",
        birth_year=1980,
    )
    return one, other


def test_both_are_as_they_were() -> None:
    one, other = pair()
    before, contacts = row_of(one), [row_of(each) for each in one.contacts]
    theirs, their_contacts = row_of(other), [row_of(each) for each in other.contacts]
    done = joined(one, other, take=("city", "birth_year", "given_name"))
    assert (one.city, one.given_name, one.information, one.status) == ("Welkom", "Phalesa", ["email"], "confirmed")
    back = parted(one, done)
    assert row_of(one) == {**before, "version": 2}
    assert [row_of(each) for each in one.contacts] == contacts
    assert back.member == {**theirs, "version": 3}
    assert back.contacts == their_contacts
    assert back.moved == {UUID(int=500): UUID(int=3)}
    assert said(back) == [(PALESA, "call", True, "undo")]


def test_what_was_changed_since_stays_with_the_kept_one() -> None:
    one, other = pair()
    done = joined(one, other, take=("city", "birth_year"))
    one.city = "Bloemfontein"
    back = parted(one, done)
    assert (one.city, one.birth_year) == ("Bloemfontein", None)
    assert (back.member["city"], back.member["birth_year"]) == ("Welkom", 1980)


def test_what_was_withdrawn_since_is_withdrawn_for_both() -> None:
    one, other = pair()
    done = joined(one, other)
    one.withdraw(["email"])
    back = parted(one, done, {EMAIL: False})
    assert (one.information, back.member["information"]) == (["call"], [])
    assert said(back) == [(PALESA, "call", True, "undo"), (TWICE, "email", False, "undo")]


def test_what_neither_had_agreed_to_before_ends() -> None:
    one, other = member(contacts=[contact(1, "palesa@example.org")]), member(TWICE)
    done = joined(one, other)
    one.agree("email")
    back = parted(one, done, {EMAIL: True})
    assert (one.information, back.member["information"]) == ([], [])
    assert said(back) == [(PALESA, "email", False, "undo")]


def test_sharing_comes_back_unless_the_kept_one_has_moved() -> None:
    for moves, expected in ((False, True), (True, False)):
        one, other = member(sharing=True), member(TWICE, sharing=True, area="ZA-FS", province="ZA-FS")
        done = joined(one, other)
        assert one.sharing is False
        if moves:
            one.country, one.province, one.area = "GB", None, "GB"
        back = parted(one, done)
        assert one.sharing is expected
        assert back.member["sharing"] is True


def test_contact_confirmed_since_goes_back_confirmed_and_one_that_is_gone_does_not() -> None:
    one, other = pair()
    other.contacts[0].confirmed_at, other.status, other.confirmed_at = None, "registered", None
    done = joined(one, other)
    moment = LATER + timedelta(days=1)
    came = next(each for each in one.contacts if each.id.int == 500)
    one.confirm(came, moment)
    one.contacts = [each for each in one.contacts if each.id.int != 1]
    back = parted(one, done)
    assert [(row["id"], row["confirmed_at"]) for row in back.contacts] == [(str(UUID(int=3)), "2020-02-20T09:00:00+00:00")]
    assert (back.member["status"], back.member["confirmed_at"]) == ("confirmed", "2020-02-20T09:00:00+00:00")
    assert [each.id.int for each in one.contacts] == [2]
    assert (one.status, one.information) == ("registered", ["call"])


def test_name_that_was_known_before_the_merge_stays_known() -> None:
    one = member(known_as=["mokoena pali"])
    done = joined(one, member(TWICE, "Phalesa"))
    assert one.known_as == ["mokoena pali", "mokoena phalesa"]
    parted(one, done)
    assert one.known_as == ["mokoena pali"]
