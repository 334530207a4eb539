"""JSON bodies, pages and rows: hostile ones refused cleanly, honest ones read alike."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import form
from services.gateway.form import sources
from services.gateway.form.phones import Number
from shared import clock
from shared.errors import Invalid
from tests.unit.gateway.registrations import body, registration

ROW = {
    "given_name": "Palesa",
    "family_name": "Mokoena",
    "email": "palesa@example.org",
    "phone": "'+27 71 000 0123",
    "country": "za",
    "province": "za-gp",
    "needs": "Documents; work ;",
    "interests": "trade;culture",
    "language": "ST",
    "birth_year": "1985",
    "consent_registration": "yes",
    "consent_information": "ee",
    "consent_sharing": "che",
    "consent_text_version": "2020-01",
}


def refused(raw: bytes) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        form.parse(raw)
    return [error.pointer for error in refusal.value.errors]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"5",
        b"{",
        b'{"a":1}}',
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b"{'a': 1}",
        b"[" * 100000,
        b'{"a":' * 100000,
        b'{"a": ' + b"9" * 10000 + b"}",
        b'{"given_name": "\x00"}',
        b"\xef\xbb\xbf{}",
        b'{"a": "\xed\xa0\x80"}',
    ],
)
def test_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    assert refused(raw) == [""]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"email": "a@example.org", "email": "b@example.org"}',
        b'{"email": "a@example.org", "e\\u006dail": "b@example.org"}',
        b'{"consent": {"registration": false, "registration": true}}',
        b'{"more": [{"a": 1, "a": 1}]}',
    ],
)
def test_field_given_twice_is_refused(raw: bytes) -> None:
    assert refused(raw) == [""]


@pytest.mark.parametrize("field", ["given_name", "city", "contribution_note", "email", "phone", "country", "partner_code", "gender"])
@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00\ud800", r"\u0000"])
def test_lone_surrogates_and_nul_are_refused(field: str, escape: str) -> None:
    raw = body(**{field: "MARK"}).replace(b"MARK", f"a{escape}b".encode())
    assert f"/{field}" in refused(raw)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(":ab"),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c:"]), each),
)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c:", "d"]), VALUES), max_size=5))
def test_body_is_read_or_refused_as_if_each_name_was_looked_at(members: list[tuple[str, object]]) -> None:
    raw = "{" + ",".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in members) + "}"
    if len(dict(members)) < len(members):
        with pytest.raises(sources.GivenTwice):
            sources.from_json(raw.encode())
    else:
        assert sources.from_json(raw.encode()) == {name: value for name, value in members if value is not None and value != ""}


def test_deep_unknown_field_is_ignored() -> None:
    assert form.parse(body(more=json.loads("[" * 64 + "]" * 64))) == form.parse(body())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
    )
)
def test_any_json_is_a_registration_or_refused(value: object) -> None:
    with pytest.raises(Invalid):
        form.parse(json.dumps(value).encode())


@given(
    st.dictionaries(
        st.sampled_from(sorted(form.RegistrationForm.model_fields)),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()),
    )
)
def test_any_field_changed_is_read_or_refused_by_pointer(changed: dict[str, object]) -> None:
    try:
        filled = form.parse(json.dumps(registration() | changed).encode())
    except Invalid as refusal:
        assert refusal.errors
        assert all(error.pointer.split("/")[1] in form.RegistrationForm.model_fields for error in refusal.errors)
    else:
        event = form.submission(filled, submission_id=UUID(int=1), submitted_at=clock.now(), way="api")
        assert type(event).model_validate_json(event.model_dump_json()) == event


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_cleanly(raw: bytes) -> None:
    with pytest.raises(Invalid):
        form.parse(raw)


def test_row_is_read_as_the_same_registration() -> None:
    expected = form.parse(body(needs=["documents", "work"], interests=["trade", "culture"], language="st", birth_year=1985))
    assert form.from_row(ROW) == expected


@pytest.mark.parametrize(
    ("cell", "given"), [("yes", True), ("TRUE", True), ("1", True), ("Ee", True), ("no", False), ("che", False), ("", False)]
)
def test_row_says_yes_and_no_in_many_words(cell: str, given: bool) -> None:
    assert form.from_row(ROW | {"consent_sharing": cell}).consent.sharing is given


@pytest.mark.parametrize(("cell", "number"), [("yes", "+27710000123"), ("no", None), ("", None), ("'+266 5000 0123", "+26650000123")])
def test_row_says_whatsapp_by_word_or_number(cell: str, number: str | None) -> None:
    assert form.from_row(ROW | {"whatsapp": cell}).whatsapp == (Number(number) if number else None)


def test_row_keeps_the_apostrophe_of_a_name() -> None:
    assert form.from_row(ROW | {"given_name": "'Malerato"}).given_name == "'Malerato"


@pytest.mark.parametrize(
    ("changed", "pointers"),
    [
        ({"consent_registration": "maybe"}, ["/consent/registration"]),
        ({"consent_registration": ""}, ["/consent/registration"]),
        ({"birth_year": "85?"}, ["/birth_year"]),
        ({"interests": "gold"}, ["/interests/0"]),
        ({"consent": "true", "consent_registration": "no"}, ["/consent/registration"]),
    ],
)
def test_row_that_is_wrong_says_where(changed: dict[str, str], pointers: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        form.from_row(ROW | changed)
    assert [error.pointer for error in refusal.value.errors] == pointers


def test_row_with_columns_of_nobodys_business_is_read_without_them() -> None:
    assert form.from_row(ROW | {"role": "admin", "status": "confirmed", "id": "5", "phone_uncertain": "yes"}) == form.from_row(ROW)


def test_page_is_read_as_the_same_registration() -> None:
    values = {name: [str(value)] for name, value in registration(consent=None, birth_year=1985).items()}
    values |= {"interests": ["trade", ""], "consent_registration": ["true"], "consent_information": ["true"], "whatsapp_same": ["true"]}
    values |= {"idempotency_key": ["x"], "city": [""], "consent": ["x"]}
    assert form.from_page(values) == form.parse(body(birth_year=1985, interests=["trade"], whatsapp=True))


def test_page_takes_the_other_whatsapp_number_before_the_ticked_box() -> None:
    values = {name: [str(value)] for name, value in registration(consent=None).items()} | {"consent_registration": ["true"]}
    assert form.from_page(values | {"whatsapp_same": ["true"], "whatsapp": ["+266 5000 0123"]}).whatsapp == Number("+26650000123")
