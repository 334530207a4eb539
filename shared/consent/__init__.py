"""The consent wordings: shipped files `<version>.<language>.txt`, never edited; a new wording is a new version.

A file is plain text: paragraphs parted by an empty line, list items after `- `. The Sesotho is a draft for native review.
"""

from functools import cache
from pathlib import Path

from shared.errors import KhokahanoError

_HERE = Path(__file__).parent


class UnknownWording(KhokahanoError):
    """No wording was shipped under this version and language."""


@cache
def _wordings() -> dict[tuple[str, str], str]:
    files = sorted(_HERE.glob("*.txt"))
    return {(version, language): file.read_text("utf-8") for file in files for version, language in [file.stem.rsplit(".", 1)]}


@cache
def versions() -> tuple[str, ...]:
    """Return the versions shipped, oldest first."""
    return tuple(sorted({version for version, _ in _wordings()}))


def text(version: str, language: str) -> str:
    """Return the wording that a person saw.

    Raises:
        UnknownWording: this version does not exist in this language.
    """
    try:
        return _wordings()[version, language]
    except KeyError:
        raise UnknownWording(f"{version}.{language}") from None


def texts() -> list[dict[str, str]]:
    """Return all wordings as `GET /api/v1/consent-texts` shows them, newest version first."""
    newest_first = sorted(_wordings(), key=lambda found: found[1])
    newest_first.sort(key=lambda found: found[0], reverse=True)
    return [{"version": version, "language": language, "text": _wordings()[version, language]} for version, language in newest_first]
