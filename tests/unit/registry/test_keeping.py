"""What becomes of an old record, and when somebody is rung again: rules only."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.registry.calling.model import CallTask, next_call
from services.registry.calling.raising import first_id
from services.registry.keeping.nightly import night_of
from services.registry.keeping.rules import Fate, Old, Rules, fate
from shared.clock import new_id, now

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
RULES = Rules(unconfirmed=60, inactive=1825, bounced=180, call=30)


def old(**more: object) -> Old:
    return Old("unconfirmed", UUID(int=1), (AT, UUID(int=1)), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (old(), "drop"),
        (old(by_call=True), "ring"),
        (old(by_call=True, listed_at=AT - timedelta(days=29)), "wait"),
        (old(by_call=True, listed_at=AT - timedelta(days=30)), "drop"),
        (old(by_call=True, listed_at=AT - timedelta(days=99), agreed=True), "wait"),
        (old(agreed=True), "wait"),
        (old(stands=True, by_call=True), "contact"),
    ],
)
def test_nobody_whom_a_call_reaches_is_dropped_before_their_set_time(record: Old, expected: Fate) -> None:
    assert fate(record, RULES, AT) == expected


def test_rule_of_no_days_keeps_for_ever() -> None:
    assert Rules(0, 0, 0, 30).since("unconfirmed", AT) is None
    assert RULES.since("bounced", AT) == AT - timedelta(days=180)


def test_ids_tell_a_records_age() -> None:
    moment = now()
    assert first_id(moment - timedelta(seconds=1)) < new_id() < first_id(moment + timedelta(minutes=1))


def test_night_begins_at_its_hour() -> None:
    assert night_of(datetime(2026, 3, 1, 0, 59, tzinfo=UTC), 1) == date(2026, 2, 28)
    assert night_of(datetime(2026, 3, 1, 1, 0, tzinfo=UTC), 1) == date(2026, 3, 1)


def test_pauses_between_calls_grow() -> None:
    dues = [next_call(attempt, AT, None) - AT for attempt in range(1, 8)]
    assert dues == sorted(dues)
    assert dues[0] == timedelta(hours=4)
    assert dues[-1] == timedelta(days=7)


@pytest.mark.parametrize(("hour", "expected"), [(18, datetime(2026, 3, 1, 16, 0, tzinfo=UTC)), (7, datetime(2026, 3, 2, 5, 0, tzinfo=UTC))])
def test_next_call_is_at_their_hour_in_lesotho(hour: int, expected: datetime) -> None:
    assert next_call(1, AT, hour) == expected


def test_call_that_nobody_takes_ends_after_six() -> None:
    task = CallTask(reason="confirm", attempts=4, version=1, due_at=AT, best_hour=None)
    task.take("no_answer", "Thabo", AT, next_at=None)
    assert (task.done_at, task.attempts, task.due_at) == (None, 5, AT + timedelta(days=7))
    task.take("no_answer", "Thabo", AT, next_at=None)
    assert (task.done_at, task.outcome, task.done_by, task.version) == (AT, "no_answer", "Thabo", 3)
