"""Single answers by a signed link: a confirmation, *this was not me*, an unsubscribe, a partner's or an invited speaker's yes or no.

The signature is checked at once, what follows from the answer is decided by its owner later.
"""

import unicodedata
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator
from starlette.responses import JSONResponse, Response

from services.gateway import bodies
from services.gateway.intake import Intake
from services.gateway.settings import GatewaySettings
from shared import tokens
from shared.clock import now
from shared.contracts.base import Message
from shared.contracts.gateway import BriefingAnswered, ConsentWithdrawn, ContactConfirmed, ContactDisowned, InvitationAnswered
from shared.errors import Invalid, NotFound
from shared.tokens import Link, Purpose
from shared.web.language import language_of, mark, translate
from shared.web.pages import Pages
from shared.web.problems import wants_html
from shared.web.wording import field_errors, unfit

TITLE_LENGTH = 200
ABSTRACT_LENGTH = 3000
BIOGRAPHY_LENGTH = 3000
"""Characters; a programme prints them."""

NEEDS = mark("Tell us what you need to come")
SAID = {
    "confirm": (mark("Thank you"), mark("We have heard that it was you. From now on we can write to this address.")),
    "disown": (mark("We forget this address"), mark("Thank you for telling us. We do not write to it again.")),
    "unsubscribe": (mark("You are unsubscribed"), mark("We send you no more news here. You stay registered.")),
    "accept": (mark("Thank you: we have your answer"), mark("The forum team hears of it now, and you get a message from us.")),
    "briefing_agree": (
        mark("Thank you for helping"),
        mark("We have your answer, and will be in touch. Share your link and poster as you like."),
    ),
    "briefing_decline": (mark("Thank you for telling us"), mark("We will not press you. You can still change your mind.")),
    "decline": (mark("Thank you for telling us"), mark("We are sorry, and we understand. You can still change your mind.")),
}
"""What the page says after each answer: title and text."""

Answer = TypeVar("Answer", bound=BaseModel)
router = APIRouter(tags=["links"])


def _line(value: str) -> str:
    text = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise unfit("Use one line of text without control characters.")
    return text


def _text(value: str) -> str:
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise unfit("Use text without control characters.")
    return text


class ConfirmAnswer(BaseModel):
    """What the holder of a contact says about it."""

    action: Literal["confirm", "disown"] = "confirm"


class PartnerAnswer(BaseModel):
    """What a partner says who was asked for help."""

    model_config = ConfigDict(extra="ignore")

    answer: Literal["agree", "decline"]


class SpeakerAnswer(BaseModel):
    """What an invited speaker says."""

    model_config = ConfigDict(extra="ignore")

    answer: Literal["accept", "decline"]
    talk_title: Annotated[str, StringConstraints(max_length=TITLE_LENGTH), AfterValidator(_line), Field(validate_default=True)] = ""
    abstract: Annotated[str, StringConstraints(max_length=ABSTRACT_LENGTH), AfterValidator(_text)] = ""
    biography: Annotated[str, StringConstraints(max_length=BIOGRAPHY_LENGTH), AfterValidator(_text)] = ""

    @field_validator("talk_title")
    @classmethod
    def _talk_is_named(cls, title: str, info: ValidationInfo) -> str:
        if info.data.get("answer") == "accept" and not title:
            raise unfit("Tell us the title of your talk.")
        return title


def _form(model: type[BaseModel]) -> dict[str, Any]:
    """Return what OpenAPI says about a form whose body the route reads itself."""
    schema = model.model_json_schema()
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data", "application/json")
    return {"requestBody": {"content": {kind: {"schema": schema} for kind in kinds}}}


@router.post("/confirm/{token}", status_code=202, response_model=None, openapi_extra=_form(ConfirmAnswer))
async def confirm(token: str, request: Request) -> Response:
    """Confirm a contact (`action=confirm`), or say that it was not its holder who gave it (`action=disown`)."""
    link = _link(request, "confirm", token)
    if link.contact is None:
        raise NotFound
    said = await _read(request, ConfirmAnswer)
    kind = ContactDisowned if said.action == "disown" else ContactConfirmed
    return await _hear(request, kind(member_id=link.subject, contact_id=link.contact, at=now()), said.action)


@router.post("/unsubscribe/{token}", status_code=202, response_model=None)
async def unsubscribe(token: str, request: Request) -> Response:
    """Withdraw the consent to be sent information: at once, whatever the form says besides. Source: RFC 8058, section 3.1."""
    link = _link(request, "unsubscribe", token)
    return await _hear(request, ConsentWithdrawn(member_id=link.subject, contact_id=link.contact, at=now()), "unsubscribe")


@router.post("/briefing/{token}", status_code=202, response_model=None, openapi_extra=_form(PartnerAnswer))
async def answer_briefing(token: str, request: Request) -> Response:
    """Agree to help with registering people, or decline."""
    link = _link(request, "briefing", token)
    said = await _read(request, PartnerAnswer)
    return await _hear(request, BriefingAnswered(briefing_id=link.subject, answer=said.answer, at=now()), f"briefing_{said.answer}")


@router.post("/speaker/{token}", status_code=202, response_model=None, openapi_extra=_form(SpeakerAnswer))
async def answer_invitation(token: str, request: Request) -> Response:
    """Accept an invitation to speak, with a talk, or decline it."""
    link = _link(request, "speaker", token)
    said = await _read(request, SpeakerAnswer)
    return await _hear(request, _invitation_answered(link.subject, said), said.answer)


def _invitation_answered(invitation_id: UUID, said: SpeakerAnswer) -> InvitationAnswered:
    talk = said.model_dump(exclude={"answer"}) if said.answer == "accept" else {}
    filled = {name: text or None for name, text in talk.items()}
    return InvitationAnswered(invitation_id=invitation_id, answer=said.answer, at=now(), **filled)


def _link(request: Request, purpose: Purpose, token: str) -> Link:
    settings: GatewaySettings = request.app.state.settings
    return tokens.read(settings.link_keys, purpose, token, at=now())


async def _hear(request: Request, message: Message, what: str) -> Response:
    """Answer once it is on disk."""
    intake: Intake = request.app.state.intake
    await intake.submit(message)
    if not wants_html(request):
        return JSONResponse({"status": "received"}, 202, headers={"cache-control": "no-store"})
    pages: Pages = request.app.state.pages
    language = language_of(request)
    title, text = (translate(language, said) for said in SAID[what])
    following = f"{request.url.path}/needs?lang={language}" if what == "accept" else ""
    then = translate(language, NEEDS)
    return pages.render(request, "answer.html", status=202, title=title, text=text, following=following, next_step=then)


async def _read(request: Request, model: type[Answer]) -> Answer:
    """Return what a form or a JSON object says.

    Raises:
        Invalid: fields are missing or wrong; all of them are named.
        TooLarge: the body is longer than it may be.
    """
    said = await bodies.read_fields(request)
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise Invalid(errors=field_errors(error.errors(), language_of(request))) from None
