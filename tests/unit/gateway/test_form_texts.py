"""Names of any script and addresses of one recipient; nothing that could break a header, a file name or a line."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.gateway import form
from services.gateway.form import texts
from services.gateway.form.rules import RegistrationForm
from shared.errors import Invalid
from tests.unit.gateway.registrations import body


def read(**changed: Any) -> RegistrationForm:
    return form.parse(body(**changed))


def refused(**changed: Any) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        read(**changed)
    return [error.pointer for error in refusal.value.errors]


@pytest.mark.parametrize(
    "name", ["Thabo", "'Malerato", "’Mathabo", "Ntšoaki", "陳大文", "Nomvula-Thandi", "O", "عبد الله", "x" * 80, "  Lineo  "]
)
def test_names_of_any_script_are_taken_trimmed(name: str) -> None:
    assert read(given_name=name).given_name == name.strip()


def test_names_are_composed() -> None:
    assert read(family_name="Ts\u030coaeli").family_name == "Tšoaeli"
    assert read(family_name="s\u030c" * 80).family_name == "š" * 80


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "x" * 81,
        "š" * 81,
        "x" * 100000,
        "--",
        "7",
        "Pa\x00lesa",
        "Pa\r\nBcc: x@example.org",
        "Palesa\n",
        "Pa\u2028lesa",
        "\u202easelaP",
        "Pa\u2066l\u2069",
        "a\x7f",
        "a\x85b",
        "a\u200fb",
        "a\ttab",
        7,
        True,
        None,
        ["Palesa"],
        {"a": 1},
    ],
)
def test_names_that_are_none_are_refused(name: object) -> None:
    assert refused(given_name=name) == ["/given_name"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("palesa@example.org", "palesa@example.org"),
        (" Palesa.Mokoena+1@Example.ORG ", "Palesa.Mokoena+1@example.org"),
        ("palesa@sub.example.test", "palesa@sub.example.test"),
        ("palesa@exämple.ORG", "palesa@xn--exmple-cua.org"),
        ("ntšoaki@example.org", "ntšoaki@example.org"),
        ("o'neill!#$%&*=?^_`{|}~-/@example.org", "o'neill!#$%&*=?^_`{|}~-/@example.org"),
    ],
)
def test_email_keeps_its_local_part_and_lowers_its_domain(typed: str, kept: str) -> None:
    assert read(email=typed).email == kept


@pytest.mark.parametrize(
    "typed",
    [
        "palesa",
        "@example.org",
        "palesa@",
        "palesa@example",
        "a@test",
        "a@x, b@y",
        "a@example.org,b@example.org",
        "a@example.org;b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\n",
        "a@example.org\u2028",
        "a\u2028b@example.org",
        '"a b"@example.org',
        "a@[192.0.2.1]",
        "Palesa <palesa@example.org>",
        "a b@example.org",
        "a@exa mple.org",
        "a..b@example.org",
        ".a@example.org",
        "a@-example.org",
        "x" * 65 + "@example.org",
        "a@" + "x" * 300 + ".org",
        "a@localhost",
        "a@printer.local",
        "a\x00@example.org",
        "a@b@example.org",
        "\u202ea@example.org",
        5,
        ["a@example.org"],
    ],
)
def test_case_38_address_that_is_not_one_plain_recipient_is_refused(typed: object) -> None:
    assert refused(email=typed) == ["/email"]


WORDS = st.text("abcxyz019_+-.", min_size=1, max_size=12) | st.sampled_from(
    ["xn--a", "sales", "x" * 63, "x" * 64, "a-b", "a--b", "-", ".."]
)
ENDS = st.sampled_from(
    ["org", "test", "local", "localhost", "onion", "invalid", "arpa", "co.za", "org.ls", "c0", "x", "x" * 64, "org-", "o"]
)


@given(st.lists(WORDS, min_size=1, max_size=3), st.lists(WORDS, max_size=3), ENDS)
@example(["palesa"], ["example"], "org")
@example(["x" * 63], ["x" * 63] * 3, "org")
def test_plain_address_is_kept_as_the_library_would_keep_it(local: list[str], domain: list[str], end: str) -> None:
    typed = f"{'.'.join(local)}@{'.'.join([*domain, end])}"
    plain = texts.PLAIN_EMAIL.match(typed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "PLAIN_EMAIL", re.compile("(?!)"))
        if plain and len(typed) <= texts.EMAIL_MOST:  # A longer one is refused before anybody looks how plain it is.
            assert read(email=typed).email == typed


@pytest.mark.parametrize("typed", ["palesa@example.org", "palesa.mokoena+1@sub.example.co.za", "p@example.test"])
def test_ordinary_address_is_plain(typed: str) -> None:
    assert texts.PLAIN_EMAIL.match(typed)
