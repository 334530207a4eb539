"""May we write? One rule."""

import itertools

from shared.permission import Standing, silence

EVERYTHING = [Standing(*flags) for flags in itertools.product((False, True), repeat=5)]


def test_erased_and_suppressed_hold_for_everything() -> None:
    for standing, transactional in itertools.product(EVERYTHING, (False, True)):
        if standing.erased:
            assert silence(standing, transactional=transactional) == "erased"
        elif standing.suppressed:
            assert silence(standing, transactional=transactional) == "suppressed"


def test_transactional_needs_no_consent() -> None:
    for standing in EVERYTHING:
        if not standing.erased and not standing.suppressed:
            assert silence(standing, transactional=True) is None


def test_bulk_needs_consent_and_a_confirmed_contact_that_nobody_silenced() -> None:
    allowed = [standing for standing in EVERYTHING if silence(standing, transactional=False) is None]
    assert allowed == [Standing(suppressed=False, silenced=False, consented=True, confirmed=True, erased=False)]


def test_bulk_says_why_not() -> None:
    assert silence(Standing(silenced=True, consented=True, confirmed=True), transactional=False) == "unsubscribed"
    assert silence(Standing(consented=True), transactional=False) == "unconfirmed"
    assert silence(Standing(confirmed=True), transactional=False) == "no_consent"
