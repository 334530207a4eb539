"""What every message has in common."""

from datetime import UTC
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PrivateAttr

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""An aware moment in UTC."""

REGISTERED: dict[str, type["Message"]] = {}
"""Every message class by its key; filled as the classes are defined."""


class Body(BaseModel):
    """A frozen part of a message; fields that it does not know are ignored, so that owners may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(Body):
    """A fact, in the past tense. The envelope (id, correlation, time) is AMQP's own properties."""

    key: ClassVar[str]
    """`owner.snake_name.vN`: the routing key, and the `type` property."""

    _correlation_id: str | None = PrivateAttr(default=None)
    _again: bool = PrivateAttr(default=False)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if key := cls.__dict__.get("key"):
            if key in REGISTERED:
                raise TypeError(f"{key} is declared twice")
            REGISTERED[key] = cls

    @property
    def correlation_id(self) -> str | None:
        """The journey this message came in on; None for one that was not delivered."""
        return self._correlation_id

    @property
    def again(self) -> bool:
        """Whether it tells a state anew: listeners update what they hold and cause no delivery."""
        return self._again

    def arrived_with(self, correlation_id: str | None, *, again: bool = False) -> None:
        """Note what the envelope said (called by `shared.delivery`)."""
        self._correlation_id, self._again = correlation_id, again
