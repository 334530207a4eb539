"""May we? One rule for every service, whatever we would do with what somebody entrusted to us; each feeds it from its own tables.

`why_not` judges one person or contact; `condition` is the same rule as a condition of a query. Both read the one table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, not_

Act = Literal["answer", "inform", "share"]
"""To answer what a person did or asked (a confirmation, an invitation, a receipt); to give information of our own accord; to show who
somebody is to a recipient outside, such as the mission of their area."""
Flag = Literal["suppressed", "silenced", "consented", "confirmed", "erased"]
Silence = Literal["suppressed", "erased", "unconfirmed", "unsubscribed", "no_consent"]
"""Why we may not; it becomes a delivery's `reason`."""


@dataclass(frozen=True)
class Standing:
    """What is known of one person, or of one of their contacts on one channel, now.

    Attributes:
        suppressed: the contact's holder disowned it, complained, or the other side refused it for good.
        silenced: somebody who uses the contact wants no information there; a shared one is silenced for all who share it.
        consented: this member agreed to this act (information on this channel; sharing with this recipient) and has not withdrawn.
        confirmed: the contact's holder confirmed it.
        erased: the member is gone, or has this contact no more.
    """

    suppressed: bool = False
    silenced: bool = False
    consented: bool = False
    confirmed: bool = False
    erased: bool = False


RULES: dict[Act, tuple[tuple[Flag, bool, Silence], ...]] = {
    "answer": (("erased", False, "erased"), ("suppressed", False, "suppressed")),
    "inform": (
        ("erased", False, "erased"),
        ("suppressed", False, "suppressed"),
        ("silenced", False, "unsubscribed"),
        ("confirmed", True, "unconfirmed"),
        ("consented", True, "no_consent"),
    ),
    "share": (("erased", False, "erased"), ("consented", True, "no_consent")),
}
"""For each act: what must be how, and what stands in the way if it is not; the first that does is told."""


def why_not(act: Act, standing: Standing) -> Silence | None:
    """Return why we may not, or None if we may."""
    for flag, wanted, reason in RULES[act]:
        if getattr(standing, flag) is not wanted:
            return reason
    return None


def condition(act: Act, columns: Mapping[Flag, SQLColumnExpression[bool]]) -> ColumnElement[bool]:
    """Return the condition under which we may, for a query; a flag without a column is as in a `Standing()`.

    Raises:
        LookupError: the rule needs a flag that nothing here is known of.
    """
    tests = []
    for flag, wanted, _ in RULES[act]:
        if (column := columns.get(flag)) is not None:
            tests.append(column if wanted else not_(column))
        elif wanted:
            raise LookupError(f"{act} needs to know who has {flag}")
    return and_(*tests)
