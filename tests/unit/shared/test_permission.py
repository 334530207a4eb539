"""May we? One rule, told as a table: what is known of somebody, and what follows for each thing that we might do."""

import itertools
from typing import get_args

import pytest
from sqlalchemy import column, literal
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import Boolean

from shared.permission import RULES, Act, Flag, Silence, Standing, condition, why_not

FLAGS: tuple[Flag, ...] = ("suppressed", "silenced", "consented", "confirmed", "erased")
NOBODY = Standing()
KNOWN = Standing(confirmed=True)
AGREED = Standing(confirmed=True, consented=True)
# What is known, and why we may not answer, inform, share; None where we may.
TABLE: list[tuple[Standing, Silence | None, Silence | None, Silence | None]] = [
    (NOBODY, None, "unconfirmed", "no_consent"),
    (KNOWN, None, "no_consent", "no_consent"),
    (AGREED, None, None, None),
    (Standing(consented=True), None, "unconfirmed", None),
    (Standing(confirmed=True, consented=True, silenced=True), None, "unsubscribed", None),
    (Standing(confirmed=True, silenced=True), None, "unsubscribed", "no_consent"),
    (Standing(confirmed=True, consented=True, suppressed=True), "suppressed", "suppressed", None),
    (Standing(silenced=True, suppressed=True), "suppressed", "suppressed", "no_consent"),
    (Standing(confirmed=True, consented=True, erased=True), "erased", "erased", "erased"),
    (Standing(suppressed=True, erased=True), "erased", "erased", "erased"),
]


@pytest.mark.parametrize(("standing", "answer", "inform", "share"), TABLE)
def test_each_act_has_its_rule(standing: Standing, answer: Silence | None, inform: Silence | None, share: Silence | None) -> None:
    assert [why_not(act, standing) for act in ("answer", "inform", "share")] == [answer, inform, share]


@pytest.mark.parametrize("flags", list(itertools.product((False, True), repeat=len(FLAGS))))
def test_what_is_known_in_any_combination_gives_one_answer(flags: tuple[bool, ...]) -> None:
    """Written out, so that a rule that is changed in the table must be changed here, too."""
    known = dict(zip(FLAGS, flags, strict=True))
    standing = Standing(**known)
    reachable = not standing.erased and not standing.suppressed
    assert (why_not("answer", standing) is None) == reachable
    assert (why_not("inform", standing) is None) == (reachable and not standing.silenced and standing.confirmed and standing.consented)
    assert (why_not("share", standing) is None) == (standing.consented and not standing.erased)


def test_withdrawing_closes_every_act_that_needed_the_consent() -> None:
    needs_it = {act for act in get_args(Act) if any(flag == "consented" for flag, _, _ in RULES[act])}
    assert needs_it == {"inform", "share"}
    assert {why_not(act, KNOWN) for act in needs_it} == {"no_consent"}


@pytest.mark.parametrize("act", get_args(Act))
def test_query_has_the_same_rule(act: Act) -> None:
    columns = {flag: column(flag, Boolean) for flag in FLAGS}
    written = str(condition(act, columns).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert written == " AND ".join(flag if wanted else f"NOT {flag}" for flag, wanted, _ in RULES[act])


def test_query_that_does_not_know_what_the_rule_needs_is_refused() -> None:
    with pytest.raises(LookupError, match="share needs to know who has consented"):
        condition("share", {"erased": literal(False)})
