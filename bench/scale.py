"""How much is measured: a few minutes' worth, or the figures that the house is meant for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """One set of sizes.

    Attributes:
        grown: members that are there already, few and many.
        read: members to ask about, few and many.
    """

    repeats: int
    registrations: int
    latency_seconds: int
    imported: int
    idle_seconds: int
    backlog: int
    fanout: int
    grown: tuple[int, int]
    grown_repeats: int
    read: tuple[int, int]
    doubled: int


SCALES = {
    "small": Scale(3, 3_000, 10, 10_000, 15, 20_000, 10_000, (10_000, 200_000), 2, (1_000, 100_000), 3_000),
    "full": Scale(5, 10_000, 30, 100_000, 60, 200_000, 100_000, (10_000, 1_000_000), 3, (10_000, 1_000_000), 100_000),
}
WARM_UP = 200
"""Registrations before each measurement: connections opened, statements prepared, code paged in."""
CONNECTIONS = 64
RATE = 20.0
"""Registrations a second at which latency is measured: far below what saturates anything."""
