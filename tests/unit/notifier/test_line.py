"""Statements with names become statements with numbers."""

from typing import Any

from services.notifier.line import Statement


class Driver:
    async def fetch(self, sql: str, *values: object) -> list[Any]:
        return [(sql, *values)]


async def test_names_become_numbers_and_casts_stay() -> None:
    statement = Statement("SELECT :most, unnest(:ids::uuid[]), a::text, :most FROM t WHERE b = ':'")
    [found] = await statement.fetch(Driver(), {"ids": [], "most": 3, "unused": 1})
    assert found == ("SELECT $1, unnest($2::uuid[]), a::text, $1 FROM t WHERE b = ':'", 3, [])
