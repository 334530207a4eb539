"""CPU and memory are counted once, and for whom they belong to."""

import os

import pytest

from bench import accounting
from bench.accounting import MACHINE, cpu, memory, others_percent, spent, trees


def test_descendants_belong_to_the_first_role_that_reaches_them() -> None:
    table = {1: (0, 0.0), 2: (1, 0.0), 3: (2, 0.0), 4: (1, 0.0), 9: (0, 0.0)}
    assert trees({"child": [2], "all": [1], "gone": [77]}, table) == {"child": [2, 3], "all": [1, 4], "gone": []}


def test_own_process_uses_cpu_and_memory() -> None:
    roles = {"me": [os.getpid()]}
    before = cpu(roles)
    assert set(before) == {"me", MACHINE}
    assert before["me"] > 0
    assert min(spent(before, cpu(roles)).values()) >= 0
    held = memory(roles)["me"]
    assert held["peak_rss"] >= held["rss"] >= held["pss"] * 0.9 > 1


def test_others_are_what_nobody_of_ours_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert others_percent({"house": 6.0, MACHINE: 12.0}, 10.0, 2.0) == pytest.approx(20)
    assert others_percent({"house": 6.0, MACHINE: 5.0}, 10.0) == 0


def test_machine_is_described() -> None:
    facts = accounting.machine()
    assert set(facts) == {"cores", "processor", "memory", "kernel", "python", "postgresql", "rabbitmq"}
    assert all(facts.values())
