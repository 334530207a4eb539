"""Errors as RFC 9457 problem documents, or as a plain page for a browser; in the caller's language, never an echo of what was sent."""

from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from shared import journey
from shared.errors import Contention, Invalid, NotFound, Outage, Refusal, Unavailable
from shared.web import pages
from shared.web.headers import security_headers
from shared.web.language import Language, language_of, mark, translate
from shared.web.wording import field_errors

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
"""What a caller is told when something we depend on is away and nobody knows for how long."""


class Kind(NamedTuple):
    """One type of problem, shown at `/problems/<slug>`."""

    status: int
    title: str
    detail: str


KINDS = {
    "bad-request": Kind(400, mark("We cannot read this"), mark("What was sent is not in the form that we can read.")),
    "unauthenticated": Kind(401, mark("Please sign in"), mark("This is for people who are signed in, or who send a token that we know.")),
    "forbidden": Kind(403, mark("This is not allowed"), mark("Your role does not allow this.")),
    "not-found": Kind(
        404,
        mark("There is nothing here"),
        mark("The address is wrong, the link has expired, or it was never ours. If a message from us brought you here, answer it."),
    ),
    "method-not-allowed": Kind(405, mark("This does not work here"), mark("This address is there, but it does not do what was asked.")),
    "not-acceptable": Kind(406, mark("We have no such form of it"), mark("Ask for a form that we can give.")),
    "conflict": Kind(409, mark("This does not fit any more"), mark("Something has changed meanwhile. Look at it again, then decide.")),
    "too-large": Kind(413, mark("This is too large"), mark("Send less at once.")),
    "unsupported-type": Kind(415, mark("We cannot read this kind of content"), mark("Send the content type that this address reads.")),
    "invalid": Kind(422, mark("Something is missing or wrong"), mark("Correct the fields that are named, then send it again.")),
    "too-many": Kind(429, mark("Please wait a little"), mark("Too much came from you at once. Try again later.")),
    "broken": Kind(500, mark("Something went wrong here"), mark("It is our fault, and we have been told. Try again later.")),
    "unavailable": Kind(503, mark("Please try again soon"), mark("We cannot save this just now. The same request will work later.")),
    "no-answer": Kind(504, mark("No answer in time"), mark("A part of this service did not answer in time. Try again soon.")),
}
_BY_STATUS: dict[int, type[Refusal]] = {
    kind.status: type(f"Status{kind.status}", (Refusal,), {"status": kind.status, "slug": slug}) for slug, kind in KINDS.items()
}


def _of_status(status: int) -> Refusal:
    """Return the refusal for a status that a library answers with; its own words are not passed on."""
    return _BY_STATUS.get(status, _BY_STATUS[500 if status >= 500 else 400])()


def wants_html(request: Request) -> bool:
    """Tell whether a browser asks: it names `text/html`, and it does so before any JSON."""
    accept = request.headers.get("accept", "").lower()
    html, json = accept.find("text/html"), accept.find("json")
    return html >= 0 and (json < 0 or html < json)


def document(refusal: Refusal, language: Language) -> dict[str, Any]:
    """Return the problem document's fields; texts that the catalogue knows are translated, others stay as they are."""
    kind = KINDS[refusal.slug]
    found: dict[str, Any] = {
        "type": f"/problems/{refusal.slug}",
        "title": translate(language, kind.title),
        "status": refusal.status,
        "detail": translate(language, refusal.detail or kind.detail),
    }
    found["instance"] = f"urn:khokahano:journey:{journey.current() or uuid4()}"
    if refusal.errors:
        found["errors"] = [{"pointer": error.pointer, "detail": translate(language, error.detail)} for error in refusal.errors]
    return found


def answer(request: Request, refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    """Return the response to a refused request."""
    language = language_of(request)
    said = document(refusal, language)
    extra = {"cache-control": "no-store", **security_headers(), **(headers or {})}
    if refusal.retry_after_seconds is not None:
        extra["retry-after"] = str(refusal.retry_after_seconds)
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        extra.setdefault("www-authenticate", "Bearer")
    if wants_html(request):
        page: Response = pages.own().render(request, "problem.html", status=refusal.status, problem=said)
    else:
        page = JSONResponse(said, refusal.status, media_type=MEDIA_TYPE)
        page.headers["content-language"] = language
        page.headers["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'"
    page.headers.update(extra)
    return page


def _from_pydantic(error: RequestValidationError, language: Language) -> Refusal:
    found = list(error.errors())
    if any(each["loc"][:1] == ("path",) for each in found):
        return NotFound()
    in_body = [{**each, "loc": _place(each)} for each in found]
    return Invalid(errors=field_errors(in_body, language))


def _place(error: dict[str, Any]) -> tuple[int | str, ...]:
    location: tuple[int | str, ...] = error["loc"]
    if error["type"] == "json_invalid":
        return ()
    return location[1:] if location[:1] == ("body",) else location


TOLD = (Refusal, Outage, Contention)
"""The errors of ours that a caller can do something about; any other is our own fault."""


def response(request: Request, error: Exception) -> Response:
    """Return the response to one of these errors."""
    return answer(request, error if isinstance(error, Refusal) else Unavailable(retry_after_seconds=RETRY_AFTER_SECONDS))


async def _told(request: Request, error: Exception) -> Response:
    return response(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(request, _from_pydantic(error, language_of(request)))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kept = {name: value for name, value in (error.headers or {}).items() if name.lower() in ("allow", "retry-after", "www-authenticate")}
    return answer(request, _of_status(error.status_code), kept)


async def _broken(request: Request, _: Exception) -> Response:
    return answer(request, _of_status(500))


def install(app: FastAPI) -> None:
    """Answer every error of this application with a problem document or page."""
    for error in TOLD:
        app.add_exception_handler(error, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)
