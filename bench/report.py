"""The one table, for people, and the JSON file, for programs."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Samples = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        other: what it is held against: the raw reference's figure, or another of the house's.
        ratio: house to other; None where a ratio says nothing.
    """

    title: str
    house: float | str | None
    other: float | str | None = None
    ratio: float | None = None


def median(samples: Samples, name: str) -> float | None:
    """Return the middle of a figure over the repeats; None if none has it."""
    values = [sample[name] for sample in samples if sample.get(name) is not None]
    return float(statistics.median(values)) if values else None


def total(samples: Samples, name: str) -> float:
    """Return the sum of a figure over the repeats."""
    return float(sum(sample.get(name) or 0 for sample in samples))


def compared(title: str, house: float | None, other: float | None) -> Row:
    """Return a row with the ratio of the two."""
    return Row(title, house, other, house / other if house is not None and other else None)


def parts(samples: Samples, name: str) -> dict[str, float]:
    """Return the middle of each part of a figure that has parts, as CPU by process."""
    roles = samples[0][name] if samples else {}
    return {role: float(statistics.median(sample[name][role] for sample in samples)) for role in roles}


def figure(value: float | str | None) -> str:
    """Return a figure with as many digits as mean something."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as Markdown that reads well raw."""
    lines = [("what", "house", "raw or other", "ratio")]
    lines += [(row.title, figure(row.house), figure(row.other), "" if row.ratio is None else f"{row.ratio:.2f}") for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]

    def line(cells: Sequence[str]) -> str:
        first, *rest = cells
        return (
            "| " + " | ".join([first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]) + " |"
        )

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([line(lines[0]), rule, *(line(cells) for cells in lines[1:])])


def cpu_line(name: str, cpu_ms: Mapping[str, float]) -> str:
    """Return one line that says what each process costs an item."""
    return f"CPU ms each, {name}: " + ", ".join(f"{role} {value:.2f}" for role, value in cpu_ms.items())


def write(path: Path, result: Mapping[str, Any]) -> None:
    """Write the whole result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
