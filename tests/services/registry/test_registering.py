"""Registrations, from the registry's queue to what its neighbours are told."""

import random
from datetime import timedelta

from services.registry.handlers import register_members
from shared.clock import new_id
from shared.contracts.gateway import ConsentGiven, RegistrationSubmitted
from shared.contracts.registry import MemberChanged, MemberRegistered, RegistrationRepeated, RegistrationsProcessed
from shared.messaging import Outgoing
from shared.topology import listening
from tests.services.registry.conftest import AT, Registry, address, number, submission
from tests.waiting import wait_until

SUBMITTED = listening("registry", RegistrationSubmitted)


async def processed(registry: Registry) -> list[object]:
    return [identifier for said in await registry.heard(RegistrationsProcessed) for identifier in said.submission_ids]


async def test_registration_makes_a_member_and_is_announced(registry: Registry) -> None:
    email, phone = address(), number()
    consent = ConsentGiven(registration=True, information=True, sharing=True)
    submitted = submission(
        "'Mampho",
        "Tšoeu",
        email=email.replace("example", "EXAMPLE"),
        phone=phone,
        city="Soweto",
        interests=("trade", "health"),
        needs=("work",),
        birth_year=1980,
        language="st",
        consent=consent,
        partner_code="TEBA-1",
    )
    [registered] = await registry.register(submitted)
    assert (registered.version, registered.status, registered.area, registered.information) == (1, "registered", "ZA-GP", ("email",))
    assert [(c.kind, c.value, c.shared) for c in registered.contacts] == [
        ("email", email.replace("example", "EXAMPLE"), False),
        ("phone", phone, False),
    ]
    shown = await registry.member(registered.member_id)
    expected = {"given_name": "'Mampho", "family_name": "Tšoeu", "city": "Soweto", "needs": ["work"], "sharing": True, "way": "web"}
    assert {name: shown[name] for name in expected} == expected
    assert [(c["purpose"], c["channel"], c["given"], c["wording_version"], c["language"]) for c in shown["consents"]] == [
        ("registration", None, True, "2020-01", "st"),
        ("information", "email", True, "2020-01", "st"),
        ("sharing", None, True, "2020-01", "st"),
    ]
    [[wording]] = await registry.rows("SELECT text FROM wording WHERE (version, language) = ('2020-01', 'st')")
    assert wording.startswith("Ke mang")
    assert (await processed(registry)).count(submitted.submission_id) == 1


async def test_registration_redelivered_has_one_effect(registry: Registry) -> None:
    submitted = submission(email=address())
    [message_id] = await registry.deliver(submitted)
    await wait_until(lambda: registry._handled([message_id]))
    other = submission("Palesa", "Thabane", email=address())
    await registry.deliver(submitted, ids=[message_id])
    assert len(await registry.register(other)) == 1
    assert len(await registry.register(submitted)) == 1
    assert (await processed(registry)).count(submitted.submission_id) >= 1
    assert len(await registry.rows("SELECT 1 FROM member WHERE submission_id = :id", id=submitted.submission_id)) == 1


async def test_submission_under_a_new_message_id_changes_nothing(registry: Registry) -> None:
    submitted, repeated = submission(email=(email := address())), submission(email=email)
    [registered] = await registry.register(submitted)
    await registry.settle(repeated)
    for again in (submitted, repeated):
        await registry.settle(again)
    assert len(await registry.about(RegistrationRepeated, registered.member_id)) == 1
    assert await registry.about(MemberChanged, registered.member_id) == []
    assert [row.submission_id for row in await registry.rows("SELECT * FROM repeat WHERE member_id = :id", id=registered.member_id)] == [
        repeated.submission_id
    ]


async def test_same_person_is_told_and_nothing_is_added(registry: Registry) -> None:
    [registered] = await registry.register(submission("Lerato", "Mokoena", email=(email := address())))
    again = submission("MOKOENA", "Lérato", email=email.upper(), phone=number(), submitted_at=AT + timedelta(hours=1), city="Durban")
    assert await registry.register(again) == []
    assert await registry.about(RegistrationRepeated, registered.member_id) == [
        RegistrationRepeated(member_id=registered.member_id, at=AT + timedelta(hours=1))
    ]
    shown = await registry.member(registered.member_id)
    assert (shown["version"], shown["city"], shown["phone"], len(shown["consents"])) == (1, None, None, 2)
    assert (await processed(registry)).count(again.submission_id) == 1


async def test_sheet_that_lists_a_member_again_tells_nobody(registry: Registry) -> None:
    [registered] = await registry.register(submission(email=(email := address())))
    for way in ("import", "demo"):
        await registry.settle(submission(email=email, way=way))
    assert await registry.about(RegistrationRepeated, registered.member_id) == []


async def test_mother_and_daughter_on_one_phone_are_two_members(registry: Registry) -> None:
    phone = number()
    [mother] = await registry.register(submission("Lerato", "Mokoena", phone=phone, email=address()))
    [daughter] = await registry.register(submission("Palesa", "Mokoena", phone=phone))
    assert [(c.kind, c.shared) for c in daughter.contacts] == [("phone", True)]
    [changed] = await registry.about(MemberChanged, mother.member_id)
    assert (changed.version, [(c.kind, c.shared) for c in changed.contacts]) == (2, [("email", False), ("phone", True)])
    [second] = await registry.register(submission("Neo", "Mokoena", phone=phone))
    assert len(await registry.about(MemberChanged, mother.member_id)) == 1
    assert [c.shared for c in second.contacts] == [True]
    assert await registry.register(submission("Palesa", "Mokoena", phone=phone)) == []
    assert len(await registry.about(RegistrationRepeated, daughter.member_id)) == 1


async def test_one_batch_holds_repeats_and_families_like_many(registry: Registry) -> None:
    email, phone = address(), number()
    mother = submission("Lerato", "Mokoena", email=email, phone=phone)
    daughter = submission("Palesa", "Mokoena", phone=phone, submitted_at=AT + timedelta(seconds=1))
    again = submission("Mokoena", "Lerato", email=email, submitted_at=AT + timedelta(seconds=2))
    async with registry.database.transaction() as session:
        await register_members([again, daughter, mother], session)
    await wait_until(lambda: _all_processed(registry, [again]))
    ours = {submitted.submission_id for submitted in (mother, daughter, again)}
    made = [said for said in await registry.heard(MemberRegistered) if said.submission_id in ours]
    assert {said.submission_id for said in made} == {mother.submission_id, daughter.submission_id}
    assert {c.shared for said in made for c in said.contacts if c.kind == "phone"} == {True}
    [known] = [said for said in made if said.submission_id == mother.submission_id]
    assert len(await registry.about(RegistrationRepeated, known.member_id)) == 1


async def test_unknown_wording_is_dead_lettered_and_its_batch_mates_are_not(registry: Registry) -> None:
    bad = submission(email=address(), consent_text_version="1999-12")
    good = [submission("Palesa", "Thabane", email=address()) for _ in range(20)]
    ids = await registry.deliver(*good[:10], bad, *good[10:])
    await wait_until(lambda: _all_processed(registry, good))
    dead = await registry.buried(RegistrationSubmitted, ids[10])
    assert (dead.error, dead.reason) == ("Unknown", "there is no consent wording 1999-12.en")
    assert bad.submission_id not in await processed(registry)


async def _all_processed(registry: Registry, submissions: list[RegistrationSubmitted]) -> bool:
    return {submitted.submission_id for submitted in submissions} <= set(await processed(registry))


async def test_malformed_registration_is_dead_lettered_without_its_values(registry: Registry) -> None:
    body = submission(email="marked@example.org").model_dump_json().replace('"country":"ZA"', '"country":7').encode()
    outgoing = Outgoing(new_id(), RegistrationSubmitted.key, body, None, SUBMITTED.queue)
    assert await registry.publisher.publish([outgoing], deadline_seconds=5) == {}
    dead = await registry.buried(RegistrationSubmitted, outgoing.id)
    assert (dead.error, dead.reason) == ("Malformed", "/country: string_type")


async def test_shuffled_registrations_make_the_same_members(registry: Registry) -> None:
    families = [(address(), number()) for _ in range(10)]
    submissions = [
        submission(given, "Mokoena", email=email if given == "Lerato" else None, phone=phone, channels=())
        for email, phone in families
        for given in ("Lerato", "Palesa", "Neo")
    ]
    shuffled = [*submissions, *(s.model_copy() for s in submissions)]
    random.Random(4).shuffle(shuffled)
    await registry.settle(*shuffled)
    phones = [phone for _, phone in families]
    found = await registry.rows(
        "SELECT value, array_agg(given_name ORDER BY given_name) AS names, bool_and(shared) AS shared"
        " FROM contact JOIN member ON member.id = member_id WHERE value = ANY(:phones) GROUP BY value ORDER BY value",
        phones=phones,
    )
    assert [(row.value, row.names, row.shared) for row in found] == [(phone, ["Lerato", "Neo", "Palesa"], True) for phone in sorted(phones)]
