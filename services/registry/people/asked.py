"""What the list of people was asked for: the same filters as the API's, as a form sends them, blanks and names of countries too."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from services.registry.finding import Filters, Status
from services.registry.scope import Scope
from shared import facts
from shared.contracts.gateway import Channel, Interest, Language
from shared.errors import FieldError, Forbidden
from shared.web.language import Language as Spoken
from shared.web.language import mark
from shared.web.wording import field_errors, unfit

NOT_SAVED = frozenset({"q"})
"""Words searched for are mostly somebody's name or address, which a saved view would keep after that person has left."""
MORE = ("country", "province", "status", "language", "interest", "contribution", "channel", "partner", "since")
"""Filters that are folded away until one is used."""


def _blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _country(value: object) -> object:
    """Return the code of a country that is typed by its code, or by its name in either language."""
    if not isinstance(value, str):
        return value
    typed = value.strip().casefold()
    for language in ("en", "st"):
        for code, name in facts.countries(language):
            if typed in (code.casefold(), name.casefold()):
                return code
    raise unfit("There is no country of this name. Write it in full, or its code of two letters.")


Blank = BeforeValidator(_blank)


class Asked(BaseModel):
    """Filters as typed; empty ones do not matter."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    q: Annotated[str | None, Field(max_length=200), Blank] = None
    country: Annotated[str | None, Blank] = None
    province: Annotated[str | None, Blank] = None
    status: Annotated[Status | None, Blank] = None
    language: Annotated[Language | None, Blank] = None
    interest: Annotated[Interest | None, Blank] = None
    contribution: Annotated[Interest | None, Blank] = None
    channel: Annotated[Channel | None, Blank] = None
    partner: Annotated[str | None, Field(max_length=80), Blank] = None
    since: Annotated[date | None, Blank] = None

    @field_validator("country", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        return value if value is None or not str(value).strip() else _country(value)

    @field_validator("province")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in facts.provinces():
            raise unfit("Choose one of the provinces.")
        return value

    @property
    def filters(self) -> Filters:
        """What is looked for."""
        said = self.model_dump(exclude={"since"})
        since = datetime.combine(self.since, time(), UTC) if self.since else None
        return Filters(**said, since=since)

    @property
    def given(self) -> dict[str, str]:
        """The filters that are set, as a form or a query holds them."""
        return {name: str(value) for name, value in self.model_dump(mode="json", exclude_none=True).items()}

    @property
    def to_save(self) -> str:
        """The query that a saved view keeps."""
        return urlencode({name: value for name, value in self.given.items() if name not in NOT_SAVED})

    def refuse_beyond(self, scope: Scope) -> None:
        """Let a mission look for nothing that it may not see.

        Raises:
            Forbidden: it does.
        """
        if scope.sharing_only and self.filters.beyond_sharing:
            raise Forbidden(mark("A mission sees name, contacts and area; it cannot look for more than it may see."))


def read(query: Mapping[str, str], language: Spoken) -> tuple[Asked, list[FieldError]]:
    """Return what is asked for, and what is wrong; with anything wrong nobody is looked for."""
    said: dict[str, Any] = {name: query[name] for name in Asked.model_fields if name in query}
    try:
        return Asked.model_validate(said), []
    except ValidationError as error:
        return Asked(), field_errors([dict(each) for each in error.errors()], language)
