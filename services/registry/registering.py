"""From a submission to the rows and the event of a new member. No I/O, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.registry import ledger
from services.registry.matching import Newcomer, search_key
from services.registry.model import REACHED_BY
from services.registry.model.consents import RECIPIENTS, UNNAMED_OFFICE
from shared.clock import new_id
from shared.contracts.gateway import Channel, RegistrationSubmitted
from shared.contracts.registry import Contact, MemberRegistered
from shared.facts import area_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Joined:
    """A new member as rows to write and a fact to announce."""

    member: Row
    contacts: list[Row]
    consents: list[Row]
    event: MemberRegistered


def join(newcomer: Newcomer, shared: set[str]) -> Joined:
    """Make a member of a newcomer.

    Args:
        shared: contact keys that more than one member has.
    """
    submission = newcomer.submission
    channels = chosen_channels(submission)
    information = channels if submission.consent.information else ()
    contacts = [
        Contact(id=new_id(), kind=kind, value=value, confirmed_at=None, shared=key in shared) for kind, value, key in newcomer.contacts
    ]
    member = _member_row(newcomer, channels, information)
    event = MemberRegistered(
        **{field: member[field] for field in _ANNOUNCED},
        member_id=newcomer.member_id,
        contacts=tuple(contacts),
        submission_id=submission.submission_id,
        way=submission.way,
    )
    return Joined(
        member,
        [
            _contact_row(newcomer.member_id, contact, key, submission.phone_uncertain)
            for contact, (_, _, key) in zip(contacts, newcomer.contacts, strict=True)
        ],
        _consent_rows(newcomer.member_id, submission, information),
        event,
    )


_ANNOUNCED = ("version", "status", "given_name", "family_name", "language", "area", "interests", "diaspora_type", "information")


def chosen_channels(submission: RegistrationSubmitted) -> tuple[Channel, ...]:
    """Return the channels by which the person wants to be reached; where they agreed and named none, e-mail if given, else a call."""
    if submission.channels or not submission.consent.information:
        return submission.channels
    return ("email",) if submission.email else ("call",)


def _member_row(newcomer: Newcomer, channels: tuple[Channel, ...], information: tuple[Channel, ...]) -> Row:
    submission = newcomer.submission
    return {
        "id": newcomer.member_id,
        "version": 1,
        "status": "registered",
        "given_name": submission.given_name,
        "family_name": submission.family_name,
        "name_key": newcomer.name_key,
        "search_key": search_key(submission.given_name, submission.family_name),
        "country": submission.country,
        "province": submission.province,
        "area": area_of(submission.country, submission.province),
        "city": submission.city,
        "home_district": submission.home_district,
        "occupation": submission.occupation,
        "birth_year": submission.birth_year,
        "gender": submission.gender,
        "diaspora_type": submission.diaspora_type,
        "needs": submission.needs,
        "language": submission.language,
        "interests": submission.interests,
        "contributions": submission.contributions,
        "contribution_note": submission.contribution_note,
        "channels": channels,
        "information": information,
        "sharing": submission.consent.sharing,
        "partner_code": submission.partner_code,
        "way": submission.way,
        "submission_id": submission.submission_id,
        "import_id": submission.import_id,
        "registered_at": submission.submitted_at,
    }


def _contact_row(member_id: UUID, contact: Contact, key: str, phone_uncertain: bool) -> Row:
    return {
        "id": contact.id,
        "member_id": member_id,
        "kind": contact.kind,
        "value": contact.value,
        "value_key": key,
        "uncertain": phone_uncertain and REACHED_BY["call"] == contact.kind,
        "shared": contact.shared,
    }


def _consent_rows(member_id: UUID, submission: RegistrationSubmitted, information: Iterable[Channel]) -> list[Row]:
    questions: list[ledger.Question] = [("registration", None, None), *(("information", channel, None) for channel in information)]
    if submission.consent.sharing:
        questions += [("sharing", None, recipient) for recipient in RECIPIENTS]
    answer = {
        "member_id": member_id,
        "given": True,
        "wording_version": submission.consent_text_version,
        "language": submission.language,
        "at": submission.submitted_at,
        "way": submission.way,
        "submission_id": submission.submission_id,
    }
    if proof := submission.proof:
        answer |= {"staff": proof.staff, "office": proof.office or UNNAMED_OFFICE, "scan": proof.scan, "basis": proof.basis}
        answer |= {"way": proof.way or submission.way, "spoken": proof.spoken}
    return ledger.begin_chain(questions, answer)
