"""Opening one's own page by a code: it opens one's own only, and answers alike to everybody else, known or not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import event, text

from services.registry.codes import keeping
from shared.clock import now
from shared.codes import codes_of, new_code, spelled
from shared.contracts.gateway import ContactConfirmed, ErasureRequested
from shared.contracts.registry import MemberRegistered
from shared.receipts import new_number
from shared.tokens import read
from tests.services.registry.conftest import AT, Registry, address, number, submission
from tests.services.registry.test_me import CSRF, ask

LINK_KEYS = [SecretStr("x" * 32)]


async def phone_only(registry: Registry, phone: str = "", given_name: str = "Lerato", *, confirmed: bool = True) -> MemberRegistered:
    [member] = await registry.register(submission(given_name, phone=phone or number(), channels=("call",), language="st"))
    if confirmed:
        await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=AT))
    return member


def code_of(member: MemberRegistered) -> str:
    return spelled(codes_of(LINK_KEYS, member.submission_id)[0])


async def type_in(registry: Registry, code: str, contact: str) -> httpx2.Response:
    body = urlencode({"code": code, "contact": contact}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    return await registry.ask("POST", "/me/code", role=None, content=body, headers=headers)


def leads_to(answer: httpx2.Response) -> str:
    """Return whose page an answer leads to; empty for nobody's."""
    if answer.status_code != 303:
        return ""
    token = answer.headers["location"].removeprefix("/me/").partition("?")[0]
    return str(read(LINK_KEYS, "manage", token, at=now()).subject)


@contextmanager
def statements(registry: Registry) -> Iterator[list[str]]:
    """Collect what the database is asked meanwhile."""
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "code_try" in statement or "member_code" in statement or "FROM contact" in statement or "audit" in statement:
            asked.append(statement)

    engine = registry.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", listen)


async def test_code_of_the_last_page_opens_the_persons_own_page(registry: Registry) -> None:
    member = await phone_only(registry)
    opened = await type_in(registry, code_of(member), member.contacts[0].value)
    assert (opened.status_code, leads_to(opened)) == (303, str(member.member_id))
    # Each time it is typed it opens one more link, for one browser.
    assert (await type_in(registry, code_of(member), member.contacts[0].value)).headers["location"] is not None
    noted = "SELECT 1 FROM audit WHERE what = 'own_page_opened_by_code' AND ids @> ARRAY[CAST(:id AS uuid)]"
    assert len(await registry.rows(noted, id=member.member_id)) == 2


async def test_case_41_on_one_phone_each_code_opens_its_own_page(registry: Registry) -> None:
    phone = number()
    mother, daughter = await phone_only(registry, phone, "Lerato"), await phone_only(registry, phone, "Palesa")
    assert leads_to(await type_in(registry, code_of(mother), phone)) == str(mother.member_id)
    assert leads_to(await type_in(registry, code_of(daughter), phone)) == str(daughter.member_id)
    await registry.settle(ErasureRequested(member_id=mother.member_id, receipt=new_number(), at=AT))
    assert leads_to(await type_in(registry, code_of(mother), phone)) == ""
    assert leads_to(await type_in(registry, code_of(daughter), phone)) == str(daughter.member_id)


async def test_code_opens_a_page_by_a_shared_address_too(registry: Registry) -> None:
    shared = address()
    for name in ("Lerato", "Palesa"):
        [member] = await registry.register(submission(name, email=shared))
        await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=AT))
    assert leads_to(await type_in(registry, code_of(member), shared)) == str(member.member_id)


async def test_code_opens_nothing_before_the_number_is_confirmed(registry: Registry) -> None:
    member = await phone_only(registry, confirmed=False)
    assert leads_to(await type_in(registry, code_of(member), member.contacts[0].value)) == ""


async def test_code_opens_nothing_where_a_mailbox_is_theirs_alone(registry: Registry) -> None:
    [member] = await registry.register(submission(email=address(), phone=number()))
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=AT))
    for contact in member.contacts:
        assert leads_to(await type_in(registry, code_of(member), contact.value)) == ""


async def test_code_of_a_repeat_opens_nothing_so_that_nobody_registers_into_anothers_page(registry: Registry) -> None:
    member = await phone_only(registry)
    repeat = submission(phone=member.contacts[0].value, submission_id=uuid4(), channels=("call",))
    assert await registry.register(repeat) == []
    assert leads_to(await type_in(registry, codes_of(LINK_KEYS, repeat.submission_id)[0], member.contacts[0].value)) == ""
    assert leads_to(await type_in(registry, code_of(member), member.contacts[0].value)) == str(member.member_id)


async def test_case_22_code_door_answers_and_asks_alike_for_known_and_unknown(registry: Registry) -> None:
    member = await phone_only(registry)
    answers, asked = [], []
    # A code of nobody, another's contact, one that is not confirmed, and one that nobody has.
    waiting = await phone_only(registry, confirmed=False)
    for code, contact in (
        (new_code(), member.contacts[0].value),
        (code_of(member), number()),
        (code_of(waiting), waiting.contacts[0].value),
        (new_code(), number()),
        (new_code(), address()),
    ):
        with statements(registry) as said:
            answers.append(await type_in(registry, code, contact))
        asked.append(said)
    shapes = {(answer.status_code, re.sub(r'value="[^"]*"', "", answer.text), tuple(sorted(answer.headers))) for answer in answers}
    assert len(shapes) == 1
    assert {answer.status_code for answer in answers} == {422}
    assert len({tuple(each) for each in asked}) == 1
    assert len(asked[0]) == 3, asked[0]


async def test_tries_are_counted_for_known_and_unknown_alike(registry: Registry) -> None:
    member = await phone_only(registry)
    for contact in (member.contacts[0].value, number()):
        seen = [(await type_in(registry, new_code(), contact)).status_code for _ in range(keeping.MOST_AN_HOUR + 1)]
        assert seen == [422] * keeping.MOST_AN_HOUR + [429]
    waits = await type_in(registry, code_of(member), member.contacts[0].value)
    assert (waits.status_code, waits.headers["retry-after"]) == (429, "3600")
    # Others are not held up, and it passes with the hour.
    other = await phone_only(registry)
    assert leads_to(await type_in(registry, code_of(other), other.contacts[0].value)) == str(other.member_id)
    async with registry.database.transaction() as session:
        await session.execute(keeping.text("UPDATE code_try SET hour = hour - interval '2 hours'"))
    assert leads_to(await type_in(registry, code_of(member), member.contacts[0].value)) == str(member.member_id)


async def test_tries_hold_no_contact_and_are_forgotten_after_a_day(registry: Registry) -> None:
    contact = number()
    await type_in(registry, new_code(), contact)
    rows = await registry.rows("SELECT mark FROM code_try")
    assert all(len(row.mark) == 16 and contact.encode() not in row.mark for row in rows)
    async with registry.database.transaction() as session:
        await session.execute(keeping.text("UPDATE code_try SET hour = hour - interval '26 hours'"))
    await type_in(registry, new_code(), number())
    assert len(await registry.rows("SELECT 1 FROM code_try")) == 1


@pytest.mark.parametrize(
    ("code", "contact", "names"), [("", "", ["code", "contact"]), ("12", "+27710000123", ["code"]), ("4" * 12, "nobody", ["contact"])]
)
async def test_what_cannot_be_a_code_or_a_contact_is_told_so(registry: Registry, code: str, contact: str, names: list[str]) -> None:
    before = len(await registry.rows("SELECT 1 FROM code_try"))
    answer = await type_in(registry, code, contact)
    assert (answer.status_code, re.findall(r'<li><a href="#(\w+)"', answer.text)) == (422, names)
    assert len(await registry.rows("SELECT 1 FROM code_try")) == before


async def test_member_makes_a_new_code_that_is_shown_once(registry: Registry) -> None:
    member = await phone_only(registry)
    assert "Make a new code" in (await ask(registry, "GET", "", member.member_id)).text
    made = await ask(registry, "POST", "/code", member.member_id, fields={"csrf": CSRF})
    [code] = re.findall(r"<b>(\d{4} \d{4} \d{4})</b>", made.text)
    phone = member.contacts[0].value
    assert leads_to(await type_in(registry, code_of(member), phone)) == ""
    assert leads_to(await type_in(registry, code, phone)) == str(member.member_id)
    assert code not in (await ask(registry, "GET", "", member.member_id)).text
    assert (await ask(registry, "POST", "/code", member.member_id, fields={"csrf": "another"})).status_code == 403


async def test_who_has_a_mailbox_is_offered_no_code(registry: Registry) -> None:
    [member] = await registry.register(submission(email=address(), phone=number()))
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=AT))
    assert "Make a new code" not in (await ask(registry, "GET", "", member.member_id)).text


@pytest.mark.parametrize("language", ["en", "st"])
async def test_door_is_asked_for_in_both_languages(registry: Registry, language: str) -> None:
    page = await registry.ask("GET", f"/me/code?lang={language}", role=None)
    assert (page.status_code, 'name="code"' in page.text) == (200, True)
    assert ("Bula leqephe la hau ka khoutu" in page.text) == (language == "st")


async def test_tries_and_codes_that_were_read_out_are_forgotten_though_nobody_tries_again(registry: Registry) -> None:
    member = await phone_only(registry)
    async with registry.database.transaction() as session:
        await session.execute(text("INSERT INTO code_try VALUES ('old', now() - interval '26 hours', 1), ('new', now(), 1)"))
        await keeping.make(session, member.member_id, "own")
        await keeping.make(session, member.member_id, "call")
        await session.execute(
            text("UPDATE member_code SET at = now() - interval '25 hours' WHERE member_id = :id"), {"id": member.member_id}
        )
        await keeping.forget_old(session)
    assert [bytes(row.mark) for row in await registry.rows("SELECT mark FROM code_try WHERE mark IN ('old', 'new')")] == [b"new"]
    assert [row.kind for row in await registry.rows("SELECT kind FROM member_code WHERE member_id = :id", id=member.member_id)] == ["own"]
