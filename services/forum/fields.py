"""What may stand in the fields of a request to the forum. The texts of refusals are translated where the answer is made."""

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.forum.model import Needs
from shared.contracts.gateway import Language
from shared.web.wording import unfit

NAME_LENGTH = 160
"""Characters of a whole name: the 80 of each part that a registration allows."""
NEED_LENGTH = 1000
TEAM_SIZE = 50
"""Addresses of a forum team: each gets a mail for each speaker."""
BREAKS = {"Cc", "Zl", "Zp"}
"""Unicode categories that end a line or steer a terminal."""


def one_line(value: str) -> str:
    """Return the text in NFC, trimmed.

    Raises:
        ValueError: it is empty, or holds a control character or a line break.
    """
    text = unicodedata.normalize("NFC", value).strip(" ")
    if not text:
        raise unfit("Write something here.")
    if any(unicodedata.category(character) in BREAKS for character in text):
        raise unfit("Use one line of text without control characters.")
    return text


def paragraphs(value: str) -> str:
    """Return the text in NFC, trimmed, with one kind of line break.

    Raises:
        ValueError: it holds a control character that is no line break or tab.
    """
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise unfit("Use text without control characters.")
    return text


def read_email(value: str) -> str:
    """Return the one address that this is.

    Raises:
        ValueError: it is no address, or more than one. Whether the address exists is not looked up.
    """
    try:
        return validate_email(value.strip(" "), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise unfit("Write one e-mail address, such as name@example.org.") from error


OneLine = Annotated[str, StringConstraints(max_length=NAME_LENGTH), AfterValidator(one_line)]
Paragraphs = Annotated[str, StringConstraints(max_length=NEED_LENGTH), AfterValidator(paragraphs)]
EmailAddress = Annotated[str, StringConstraints(max_length=254), AfterValidator(read_email)]


class SpeakerToInvite(BaseModel):
    """Whom to invite. Anything else that is sent is ignored."""

    name: OneLine
    email: EmailAddress
    language: Language
    note: Paragraphs = ""


class VersionSeen(BaseModel):
    """The version that the caller saw."""

    version: int


class TeamWanted(VersionSeen):
    """The team's addresses, whole; version 0 where there is none yet."""

    emails: Annotated[list[EmailAddress], Field(max_length=TEAM_SIZE)]


class NeedsForm(BaseModel):
    """What a speaker needs, as the form sends it."""

    model_config = ConfigDict(extra="ignore")

    travel: Paragraphs = ""
    diet: Paragraphs = ""
    access: Paragraphs = ""
    equipment: Paragraphs = ""

    def needs(self) -> Needs:
        """Return it as the model knows it."""
        return Needs(travel=self.travel, diet=self.diet, access=self.access, equipment=self.equipment)
