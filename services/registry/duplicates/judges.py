"""Judging pairs: here where there are few, and where there are many in a process of its own, so that no registration waits for it.

`python -m services.registry.duplicates.judges` reads lines of JSON: first what the population is like, then one batch a line, which it
answers with a line. It ends when its input does, so that it never outlives the service.
"""

import asyncio
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from services.registry.likeness import Birth, Comparison, Person, Population, Traits, Weights
from services.registry.likeness.comparing import compare
from services.registry.likeness.judging import score_of, weigh
from services.registry.likeness.traits import traits_of
from shared.errors import Outage

HERE_AT_MOST = 600
"""Pairs that are judged in a thread of the service: 20 ms of work."""
LONGEST_LINE = 64 * 1024 * 1024
NICE = 10
"""Whoever serves people goes first."""

Row = Sequence[Any]
"""Somebody's `PERSON` as JSON can carry it."""
Likely = tuple[str, str, float, list[tuple[str, float]]]
"""Two ids, the score, and the reasons."""

PERSON = ("given_name", "family_name", "birth_year", "gender", "area", "city", "home_district", "occupation", "contacts")


def person(row: Row) -> Person:
    """Return what somebody is compared by."""
    given_name, family_name, year, gender, area, city, district, occupation, contacts = row
    return Person(
        given_name,
        family_name,
        Birth(year) if year else None,
        gender or "",
        area or "",
        city or "",
        home_district=district or "",
        occupation=occupation or "",
        phones=tuple(sorted(each for each in contacts or () if "@" not in each)),
        emails=tuple(sorted(each for each in contacts or () if "@" in each)),
    )


def population(lesson: Mapping[str, Any] | None) -> Population:
    """Return the population that a lesson was learned from; without one, what is believed beforehand."""
    if lesson is None:
        return Population({}, 0)
    counts = {Comparison(name): values for name, values in lesson["counts"].items()}
    known = Population(counts, lesson["members"], Weights.from_dict(lesson["weights"]))
    known.by_chance = {Comparison(name): tuple(row) for name, row in lesson["by_chance"].items()}
    return known


def likely(people: Mapping[str, Row], pairs: Iterable[tuple[str, str]], known: Population) -> list[Likely]:
    """Return those pairs that are likely one person."""
    read: dict[str, Traits] = {each: traits_of(person(row)) for each, row in people.items()}
    found: list[Likely] = []
    for one, other in pairs:
        seen = compare(read[one], read[other], known)
        if score_of(seen, known) >= known.weights.likely_from:
            judgement = weigh(seen, known)
            found.append((one, other, judgement.score, [(reason.slug, round(reason.weight, 2)) for reason in judgement.reasons]))
    return found


class Batch(NamedTuple):
    """Whom to compare."""

    people: dict[str, Row]
    pairs: list[tuple[str, str]]


class Judges:
    """Judges batches by one lesson; the other process is started when it is first needed, and ended with `close`."""

    def __init__(self, lesson: Mapping[str, Any] | None) -> None:
        self._lesson, self._known = lesson, population(lesson)
        self._process: asyncio.subprocess.Process | None = None

    async def judge(self, batch: Batch) -> list[Likely]:
        """Return the likely pairs of a batch.

        Raises:
            Outage: the other process ended; the next batch starts another.
        """
        if len(batch.pairs) <= HERE_AT_MOST:
            return await asyncio.to_thread(likely, batch.people, batch.pairs, self._known)
        process = self._process = self._process or await self._start()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(orjson.dumps([batch.people, batch.pairs]) + b"\n")
            await process.stdin.drain()
            answer = await process.stdout.readline()
        except OSError:
            answer = b""
        if not answer:
            await self.close()
            raise Outage("the process that judges pairs has ended")
        found: list[Likely] = orjson.loads(answer)
        return found

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __spec__.name, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LONGEST_LINE
        )
        assert process.stdin
        process.stdin.write(orjson.dumps(self._lesson) + b"\n")
        return process

    async def close(self) -> None:
        """End the other process."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()


def main() -> None:
    """Judge what is read, until there is no more."""
    os.nice(NICE)
    known = population(orjson.loads(sys.stdin.buffer.readline() or b"null"))
    while line := sys.stdin.buffer.readline():
        batch = orjson.loads(line)
        sys.stdout.buffer.write(orjson.dumps(likely(batch[0], batch[1], known)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
