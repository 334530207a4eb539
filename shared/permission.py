"""May we write to somebody? One rule for every service and channel; each feeds it from its own tables."""

from dataclasses import dataclass
from typing import Literal

Silence = Literal["suppressed", "erased", "unconfirmed", "unsubscribed", "no_consent"]
"""Why nothing is written; it becomes the delivery's `reason`."""


@dataclass(frozen=True)
class Standing:
    """What is known of one contact on one channel, now.

    Attributes:
        suppressed: its holder disowned it, complained, or the other side refused it for good.
        silenced: somebody who uses it wants no information there; a shared contact is silenced for all who share it.
        consented: this member agreed to information on this channel and has not withdrawn.
        confirmed: its holder confirmed it.
        erased: the member is gone, or has this contact no more.
    """

    suppressed: bool = False
    silenced: bool = False
    consented: bool = False
    confirmed: bool = False
    erased: bool = False


def silence(standing: Standing, *, transactional: bool) -> Silence | None:
    """Return why we may not write, or None if we may.

    What a person's own act calls for (a confirmation, an invitation, an answer) is transactional: it needs no consent to information.
    Suppression holds for everything.
    """
    if standing.erased:
        return "erased"
    if standing.suppressed:
        return "suppressed"
    if transactional:
        return None
    if standing.silenced:
        return "unsubscribed"
    if not standing.confirmed:
        return "unconfirmed"
    return None if standing.consented else "no_consent"
