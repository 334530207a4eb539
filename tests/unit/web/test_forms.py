"""A form is read once, and only with its own page's token; every page of staff that changes something asks for it."""

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import Message

from services.registry.routes import routers
from shared.errors import Forbidden, Invalid
from shared.identity import Identity
from shared.web import forms
from shared.web.forms import Form


def posted(body: bytes, csrf: str = "t0ken") -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    state = {"identity": Identity(kind="staff", role="officer", csrf=csrf)}
    return Request({"type": "http", "method": "POST", "path": "/staff/x", "headers": [], "query_string": b"", "state": state}, receive)


async def test_form_is_read_with_all_its_values() -> None:
    form = await forms._read(posted(b"csrf=t0ken&a=1&a=2&b=+x+&c="))
    assert (form["a"], form.value("b"), form.value("c"), form.value("d")) == (["1", "2"], "x", "", "")
    assert form.given() == {"a": "2", "b": "x"}


@pytest.mark.parametrize(
    ("body", "csrf"), [(b"a=1", "t0ken"), (b"csrf=other", "t0ken"), (b"csrf=", ""), (b"", ""), (b"csrf=%C3%A9", "t0ken")]
)
async def test_form_without_its_token_is_refused(body: bytes, csrf: str) -> None:
    with pytest.raises(Forbidden):
        await forms._read(posted(body, csrf))


@pytest.mark.parametrize("body", [b"\xff", b"&".join(b"a=1" for _ in range(forms.MOST_FIELDS + 1))])
async def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        await forms._read(posted(body))


def test_form_is_shown_again_as_typed() -> None:
    assert Form(name=["<Palesa>"]).filled().value("name") == "<Palesa>"


def needed(dependant: Dependant) -> Iterator[object]:
    for each in dependant.dependencies:
        yield each.call
        yield from needed(each)


def test_every_change_on_a_page_of_staff_asks_for_the_token() -> None:
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute) and route.path.startswith("/staff")]
    without = [route.path for route in routes if route.methods - {"GET", "HEAD"} and forms._read not in needed(route.dependant)]
    assert without == []
