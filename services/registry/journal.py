"""The journal of erasures: a file outside the database, so that a restored backup does not bring back who was erased.

Each line is a member's id and a moment. It is only ever added to, by any number of processes.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID


def append(path: Path, ids: Iterable[UUID], *, at: datetime) -> None:
    """Add these ids and return once they are on disk; one that stands there already may stand there twice.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{identifier} {at.isoformat(timespec='seconds')}\n" for identifier in ids)
    made = not path.exists()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # One write of whole lines: others who append at the same moment do not come between.
        if os.write(file, lines.encode()) != len(lines):
            raise OSError(f"{path} took only a part of a line")
        os.fsync(file)
    finally:
        os.close(file)
    if made:
        _sync_folder(path.parent)


def read(path: Path) -> list[UUID]:
    """Return every member who was erased, each once, the first first. A line that was cut off by a power cut is passed over."""
    found: dict[UUID, None] = {}
    for line in path.read_text("utf-8", "replace").splitlines():
        try:
            found[UUID(line.partition(" ")[0])] = None
        except ValueError:
            continue
    return list(found)


def _sync_folder(folder: Path) -> None:
    """Make sure that the file's name, too, is on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
