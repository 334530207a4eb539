"""What people say about their contacts, from the registry's queues to what its neighbours are told."""

import random
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from shared.clock import new_id
from shared.contracts.base import Message
from shared.contracts.gateway import ConsentWithdrawn, ContactConfirmed, ContactDisowned
from shared.contracts.notifier import ContactUndeliverable
from shared.contracts.registry import MemberChanged, MemberErased, MemberRegistered
from shared.messaging import Outgoing
from shared.topology import listening
from tests.services.registry.conftest import AT, Registry, address, number, submission

LATER = AT + timedelta(hours=1)


def contact_of(member: MemberRegistered, kind: str) -> UUID:
    """Return the id of a member's contact."""
    return next(contact.id for contact in member.contacts if contact.kind == kind)


def confirmed(member: MemberRegistered, kind: str = "email") -> ContactConfirmed:
    return ContactConfirmed(member_id=member.member_id, contact_id=contact_of(member, kind), at=LATER)


def disowned(member: MemberRegistered, kind: str = "email") -> ContactDisowned:
    return ContactDisowned(member_id=member.member_id, contact_id=contact_of(member, kind), at=LATER)


async def test_confirmed_contact_confirms_the_member_once(registry: Registry) -> None:
    [lerato] = await registry.register(submission(email=address(), phone=number()))
    message_id = new_id()
    await registry.settle(confirmed(lerato), ids=[message_id])
    await registry.deliver(confirmed(lerato), ids=[message_id])
    await registry.settle(confirmed(lerato))
    [changed] = await registry.about(MemberChanged, lerato.member_id)
    assert (changed.version, changed.status) == (2, "confirmed")
    assert [(c.kind, c.confirmed_at) for c in changed.contacts] == [("email", LATER), ("phone", None)]
    shown = await registry.member(lerato.member_id)
    assert (shown["status"], shown["confirmed_at"], shown["version"]) == ("confirmed", LATER.isoformat().replace("+00:00", "Z"), 2)


async def test_disowned_only_contact_erases_the_member(registry: Registry) -> None:
    [lerato] = await registry.register(submitted := submission(email=(email := address())))
    await registry.settle(repeated := submission(email=email))
    await registry.settle(disowned(lerato))
    assert await registry.is_erased(lerato.member_id)
    [erased] = await registry.about(MemberErased, lerato.member_id)
    assert set(erased.submission_ids) == {submitted.submission_id, repeated.submission_id}


async def test_what_comes_for_an_erased_member_is_ignored(registry: Registry) -> None:
    [lerato] = await registry.register(submitted := submission(email=address()))
    await registry.settle(disowned(lerato))
    late: list[Message] = [
        confirmed(lerato),
        disowned(lerato),
        ConsentWithdrawn(member_id=lerato.member_id, at=LATER),
        ContactUndeliverable(member_id=lerato.member_id, contact_id=contact_of(lerato, "email"), reason="550"),
        submitted,
    ]
    await registry.settle(*late)
    assert await registry.is_erased(lerato.member_id)
    assert len([said for said in await registry.heard(MemberRegistered) if said.submission_id == submitted.submission_id]) == 1
    for kind in {type(message) for message in late}:
        assert await registry.dead_letters(kind) == []


async def test_person_whose_address_was_misused_can_still_register(registry: Registry) -> None:
    [stranger] = await registry.register(submission(email=(email := address())))
    await registry.settle(disowned(stranger))
    assert len(await registry.register(submission(email=email))) == 1


async def test_unconfirmed_member_keeps_the_other_contact(registry: Registry) -> None:
    [lerato] = await registry.register(submission(email=address(), phone=number(), channels=("email", "call")))
    await registry.settle(disowned(lerato))
    [changed] = await registry.about(MemberChanged, lerato.member_id)
    assert ([c.kind for c in changed.contacts], changed.information, changed.version) == (["phone"], ("call",), 2)
    shown = await registry.member(lerato.member_id)
    assert [(c["purpose"], c["channel"], c["given"], c["way"]) for c in shown["consents"]][-1] == ("information", "email", False, "link")
    await registry.settle(confirmed(lerato))
    assert (await registry.member(lerato.member_id))["status"] == "registered"
    assert await registry.dead_letters(ContactConfirmed) == []


async def test_member_confirmed_only_by_a_disowned_contact_is_erased(registry: Registry) -> None:
    [lerato] = await registry.register(submission(email=address(), phone=number()))
    await registry.settle(confirmed(lerato))
    await registry.settle(disowned(lerato))
    assert await registry.is_erased(lerato.member_id)


async def test_case_41_mother_erased_daughter_stays_with_a_phone_of_her_own(registry: Registry) -> None:
    phone = number()
    [mother] = await registry.register(submission("Lerato", "Mokoena", phone=phone))
    [daughter] = await registry.register(submission("Palesa", "Mokoena", phone=phone))
    await registry.settle(disowned(mother, "phone"))
    assert await registry.is_erased(mother.member_id)
    changed = (await registry.about(MemberChanged, daughter.member_id))[-1]
    assert [(c.kind, c.shared) for c in changed.contacts] == [("phone", False)]
    assert (await registry.member(daughter.member_id))["phone"] == phone


async def test_consent_withdrawn_for_one_channel_keeps_the_others(registry: Registry) -> None:
    channels = ("email", "sms", "call")
    [lerato] = await registry.register(submission(email=address(), phone=number(), channels=channels))
    by_mail = ConsentWithdrawn(member_id=lerato.member_id, contact_id=contact_of(lerato, "email"), at=LATER)
    await registry.settle(by_mail)
    await registry.settle(by_mail)
    [changed] = await registry.about(MemberChanged, lerato.member_id)
    assert changed.information == ("sms", "call")
    await registry.settle(ConsentWithdrawn(member_id=lerato.member_id, channel="sms", at=LATER))
    assert (await registry.member(lerato.member_id))["information"] == ["call"]
    await registry.settle(ConsentWithdrawn(member_id=lerato.member_id, at=LATER))
    shown = await registry.member(lerato.member_id)
    assert (shown["information"], shown["channels"]) == ([], list(channels))
    assert [(c["channel"], c["given"]) for c in shown["consents"] if c["purpose"] == "information"] == [
        ("email", True),
        ("sms", True),
        ("call", True),
        ("email", False),
        ("sms", False),
        ("call", False),
    ]


async def test_withdrawal_older_than_the_consent_changes_nothing(registry: Registry) -> None:
    [lerato] = await registry.register(submission(email=address()))
    await registry.settle(ConsentWithdrawn(member_id=lerato.member_id, at=AT - timedelta(seconds=1)))
    assert (await registry.member(lerato.member_id))["information"] == ["email"]


async def test_undeliverable_contact_is_noted_once(registry: Registry) -> None:
    [lerato] = await registry.register(submission(email=address()))
    undeliverable = ContactUndeliverable(member_id=lerato.member_id, contact_id=contact_of(lerato, "email"), reason="550 5.1.1")
    await registry.settle(undeliverable)
    [noted] = [contact["undeliverable_at"] for contact in (await registry.member(lerato.member_id))["contacts"]]
    await registry.settle(undeliverable)
    assert [contact["undeliverable_at"] for contact in (await registry.member(lerato.member_id))["contacts"]] == [noted]
    assert noted is not None


@pytest.mark.parametrize("kind", [ContactConfirmed, ContactDisowned, ConsentWithdrawn, ContactUndeliverable])
async def test_word_about_nobody_is_dead_lettered(registry: Registry, kind: type[Message]) -> None:
    said = kind.model_validate({"member_id": uuid4(), "contact_id": uuid4(), "at": LATER, "reason": "550"})
    [message_id] = await registry.deliver(said)
    dead = await registry.buried(kind, message_id)
    assert (dead.error, dead.reason) == ("Unknown", "no such member")


@pytest.mark.parametrize("kind", [ContactConfirmed, ContactDisowned, ConsentWithdrawn, ContactUndeliverable])
async def test_malformed_word_is_dead_lettered(registry: Registry, kind: type[Message]) -> None:
    outgoing = Outgoing(new_id(), kind.key, b'{"member_id": "nobody"}', None, listening("registry", kind).queue)
    assert await registry.publisher.publish([outgoing], deadline_seconds=5) == {}
    assert (await registry.buried(kind, outgoing.id)).error == "Malformed"


async def test_contact_of_somebody_else_is_no_contact(registry: Registry) -> None:
    [lerato] = await registry.register(submission(email=address()))
    [palesa] = await registry.register(submission("Palesa", "Thabane", email=address()))
    [message_id] = await registry.deliver(ContactConfirmed(member_id=lerato.member_id, contact_id=contact_of(palesa, "email"), at=LATER))
    assert (await registry.buried(ContactConfirmed, message_id)).reason == "the member has no such contact"
    assert (await registry.member(palesa.member_id))["status"] == "registered"


async def test_shuffled_words_about_one_member_come_to_the_same_end(registry: Registry) -> None:
    ends = []
    for seed in range(6):
        [lerato] = await registry.register(submission(email=address(), phone=number(), channels=("email", "call")))
        words: list[Message] = [
            confirmed(lerato),
            confirmed(lerato, "phone"),
            ConsentWithdrawn(member_id=lerato.member_id, channel="email", at=LATER),
            ContactUndeliverable(member_id=lerato.member_id, contact_id=contact_of(lerato, "email"), reason="550"),
        ]
        random.Random(seed).shuffle(words)
        await registry.settle(*words)
        shown = await registry.member(lerato.member_id)
        versions = [changed.version for changed in await registry.about(MemberChanged, lerato.member_id)]
        assert sorted(versions) == [2, 3, 4]
        ends.append((shown["status"], shown["information"], [bool(c["undeliverable_at"]) for c in shown["contacts"]]))
    assert ends == [("confirmed", ["call"], [True, False])] * 6
