"""Which language a caller reads."""

import pytest
from starlette.requests import Request

from shared.identity import Identity
from shared.web.language import accepted, chosen, language_of, translate


def request(*, query: str = "", cookie: str = "", accept: str = "", identity: Identity | None = None) -> Request:
    headers = [(b"accept-language", accept.encode())] if accept else []
    headers += [(b"cookie", f"lang={cookie}".encode())] if cookie else []
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": headers, "state": {}}
    if identity:
        scope["state"] = {"identity": identity}
    return Request(scope)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("fr-FR,fr;q=0.9", None),
        ("en-ZA,en;q=0.9", "en"),
        ("st", "st"),
        ("st-LS,en;q=0.5", "st"),
        ("sot", "st"),
        ("en;q=0.5, ST;q=0.8", "st"),
        ("en;q=x, st;q=0.1", "st"),
        ("st;q=0, en;q=0.1", "en"),
        ("*", None),
        ("st," * 100_000, "st"),
    ],
)
def test_accept_language_is_read(header: str, language: str | None) -> None:
    assert accepted(header) == language


def test_language_picked_in_the_address_wins_over_everything() -> None:
    asked = request(query="lang=st", cookie="en", accept="en", identity=Identity(language="en"))
    assert (language_of(asked), chosen(asked)) == ("st", "st")


def test_language_of_the_cookie_wins_over_the_browsers() -> None:
    assert language_of(request(cookie="st", accept="en")) == "st"


def test_language_of_the_identity_wins_over_the_browsers() -> None:
    asked = request(accept="en", identity=Identity(language="st"))
    assert (language_of(asked), chosen(asked)) == ("st", None)


@pytest.mark.parametrize("query", ["lang=fr", "lang=", "lang=../../etc", ""])
def test_language_unknown_is_as_if_none_was_picked(query: str) -> None:
    assert (language_of(request(query=query)), chosen(request(query=query))) == ("en", None)


def test_translation_fills_in_what_is_named() -> None:
    assert translate("st", "Use at most %(max_length)s characters.", max_length=80) == "Sebelisa litlhaku tse sa feteng 80."
    assert translate("st", "no such text: 100 %") == "no such text: 100 %"
