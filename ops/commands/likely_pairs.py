"""`khokahano likely-pairs`: which rows of a sheet are likely one person's. It reads the file and nothing else, and changes nothing."""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ops import output
from services.registry.likeness import Scored, Traits, pairs
from services.registry.likeness.columns import Columns, writes_month_first

SNIFFED = 20_000
"""Characters from which the delimiter is guessed."""
LARGEST_CELL = 1_000_000
SHOWN_REASONS = 6

Rows = list[list[str]]


def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, readable=True, help="CSV files, as one.")],
    least: Annotated[
        float | None, typer.Option(min=0, max=1, help="Show every pair with at least this chance, not the likely only.")
    ] = None,
    truth: Annotated[str, typer.Option(metavar="COLUMN", help="Equal where rows are one person's: say how right and complete it is.")] = "",
) -> None:
    """Print which rows are likely one person's, with the chance and the reasons; for two lists in two files, give both."""
    people: list[Traits] = []
    names: list[str] = []
    labels: list[str] = []
    for file in files:
        headings, rows = _read(file)
        columns = Columns.of(headings)
        if not columns.enough:
            output.fail(f"{file.name}: no column is headed given_name, family_name or name")
        columns = Columns.of(headings, month_first=writes_month_first(columns.births(rows)))
        if truth and truth not in headings:
            output.fail(f"{file.name}: no column is headed {truth}")
        if ignored := [heading for heading in columns.ignored if heading and heading != truth]:
            print(f"{file.name}: not used: {', '.join(ignored)}", file=sys.stderr)
        names += [columns.identity(row, line) for line, row in enumerate(rows, start=2)]
        people += [Traits.of(columns.person(row)) for row in rows]
        if truth:
            place = headings.index(truth)
            labels += [row[place].strip() if place < len(row) else "" for row in rows]
    found = [0, 0]
    for scored in pairs(people, least=least):
        _say(scored, names)
        if scored.judgement.likely:
            found[0] += 1
            found[1] += bool(labels) and labels[scored.one] == labels[scored.other] != ""
    told = f"{len(people)} rows, {found[0]} likely pairs"
    if labels:
        told += _rightness(found[0], found[1], labels)
    print(told, file=sys.stderr)


def _say(scored: Scored, names: Sequence[str]) -> None:
    judgement = scored.judgement
    shown = ", ".join(f"{slug} {weight:+.1f}" for slug, weight in judgement.reasons[:SHOWN_REASONS])
    output.say(
        f"{names[scored.one]}\t{names[scored.other]}\t{judgement.score:.4f}\t{shown}",
        one=names[scored.one],
        other=names[scored.other],
        score=round(judgement.score, 6),
        likely=judgement.likely,
        reasons=[{"slug": slug, "weight": round(weight, 2)} for slug, weight in judgement.reasons],
    )


def _rightness(offered: int, right: int, labels: Sequence[str]) -> str:
    together: dict[str, int] = {}
    for label in labels:
        together[label] = together.get(label, 0) + 1
    there = sum(number * (number - 1) // 2 for label, number in together.items() if label)
    return f", {right} of them right (precision {right / max(1, offered):.4f}) of {there} there are (recall {right / max(1, there):.4f})"


def _read(file: Path) -> tuple[list[str], Rows]:
    """Return headings and rows; empty lines are left out."""
    csv.field_size_limit(LARGEST_CELL)
    lines = _text(file).replace("\0", "").splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=_delimiter("".join(lines[:50])[:SNIFFED]), skipinitialspace=True)
    try:
        rows = list(_filled(reader))
    except csv.Error as wrong:
        output.fail(f"{file.name}: line {reader.line_num}: {wrong}")
    if not rows:
        output.fail(f"{file.name} is empty")
    return [heading.strip() for heading in rows[0]], rows[1:]


def _filled(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    return (row for row in reader if any(cell.strip() for cell in row))


def _text(file: Path) -> str:
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _delimiter(start: str) -> str:
    """Return what separates the headings: of comma, semicolon, tab and bar the one there is most of."""
    first = start.partition("\n")[0]
    return max(",;\t|", key=first.count)
