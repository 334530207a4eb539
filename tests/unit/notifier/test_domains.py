"""A domain in trouble slows itself alone, and comes back slowly."""

from services.notifier.domains import RECOVERY_STRETCHES, STRIKES, Domains


def paused(*, at: float = 100.0) -> Domains:
    """Return domains of which example.org is paused from `at` on."""
    domains = Domains(first_pause_seconds=10, longest_pause_seconds=60)
    for _ in range(STRIKES):
        domains.trouble("example.org", at)
    return domains


def test_single_troubles_pause_nobody() -> None:
    domains = Domains(first_pause_seconds=10, longest_pause_seconds=60)
    for _ in range(20):
        domains.trouble("example.org", 100)
        domains.trouble("example.org", 100)
        domains.success("example.org")
    assert domains.put_off_seconds("example.org", 100) is None


def test_troubles_in_a_row_pause_that_domain_alone() -> None:
    domains = paused(at=100)
    assert domains.put_off_seconds("example.org", 104) == 6
    assert domains.put_off_seconds("example.com", 104) is None


def test_pause_ends_and_doubles_up_to_its_limit() -> None:
    domains, at, pauses = paused(at=100), 100.0, []
    for _ in range(5):
        at += 1000
        assert domains.put_off_seconds("example.org", at) is None
        pauses.append(domains.trouble("example.org", at))
    assert pauses == [20, 40, 60, 60, 60]


def test_trouble_during_a_pause_is_old_news() -> None:
    domains = paused(at=100)
    for _ in range(50):
        domains.trouble("example.org", 101)
    assert domains.put_off_seconds("example.org", 110) is None


def test_after_recovery_it_is_a_domain_like_any_other() -> None:
    domains = paused(at=100)
    assert domains.put_off_seconds("example.org", 110) is None
    domains.success("example.org")
    assert domains.put_off_seconds("example.org", 111 + 10 * RECOVERY_STRETCHES) is None
    assert len(domains) == 0


def test_slots_are_few_at_first_and_no_wait_is_for_ever() -> None:
    domains = paused(at=100)
    waits = [domains.put_off_seconds("example.org", 100) or 0 for _ in range(10_000)]
    restarted = [wait - 10 for wait in waits]
    assert restarted == sorted(restarted)
    assert sum(second < 10 for second in restarted) == 2
    assert sum(second < 60 for second in restarted) < 130
    assert restarted[-1] < 130


def test_restart_is_slow_whatever_slots_mails_had_before() -> None:
    domains, waiting, went = paused(at=100), [(100.0, number) for number in range(1000)], list[float]()
    while waiting:
        waiting.sort(reverse=True)
        at, number = waiting.pop()
        if at < 110:
            at = 110.0 if number < 900 else 100.0  # Most come all at once when the pause ends.
        if (wait := domains.put_off_seconds("example.org", at)) is None:
            went.append(at)
            domains.success("example.org")
        else:
            waiting.append((at + wait + 0.001, number))  # A claim comes a little after its time.
    assert [sum(110 + 10 * n <= at < 120 + 10 * n for at in went) for n in range(4)] == [2, 4, 8, 16]
    assert max(went) < 110 + 10 * RECOVERY_STRETCHES
