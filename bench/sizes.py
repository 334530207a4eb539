"""What a run leaves on disk: each table with its indexes."""

from collections.abc import Mapping
from typing import Any

from bench.ground import fetch

QUERY = """
SELECT relname AS name, pg_table_size(oid) AS data, pg_indexes_size(oid) AS indexes
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY pg_total_relation_size(oid) DESC
"""
SMALL_BYTES = 64 * 1024
"""Tables up to here are settings and lists that do not grow."""


def measure(databases: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return rows, bytes and index bytes of every table that grew, the largest first."""
    found = []
    for service, url in databases.items():
        for name, data, indexes in fetch(url, QUERY):
            if data + indexes > SMALL_BYTES:
                rows = fetch(url, f'SELECT count(*) FROM "{name}"')[0][0]
                found.append({"table": f"{service}.{name}", "rows": rows, "bytes": data, "index_bytes": indexes})
    return sorted(found, key=lambda each: -int(each["bytes"] + each["index_bytes"]))
