"""Every text that a part of the project shows, found in its source, and every text that its catalogues know."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
PARTS = ("shared", "services/gateway", "services/registry", "services/notifier", "services/forum")
CATALOGUES = {"shared": ROOT / "shared/web/locales"}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None, "unfit": (1,), "translate": (2,)}
Text = str | tuple[str, ...]


def used(part: str) -> dict[Text, str]:
    """Return every text that a part's Python and HTML files mark for translation, and where."""
    found: dict[Text, str] = {}
    folder = ROOT / part
    for file in sorted([*folder.rglob("*.py"), *folder.rglob("*.html")]):
        method = "python" if file.suffix == ".py" else "jinja2.ext:babel_extract"
        options = {} if file.suffix == ".py" else {"trimmed": "true"}
        for line, message, _, _ in extract_from_file(method, file, keywords=KEYWORDS, options=options):  # type: ignore[arg-type]
            if message and message != ("",):
                found.setdefault(message if isinstance(message, str) else tuple(message), f"{file.relative_to(ROOT)}:{line}")
    return found


def files(part: str, language: str = "st") -> list[Path]:
    """Return a part's own catalogue files."""
    return sorted((CATALOGUES.get(part, ROOT / part / "locales") / language).rglob("*.po"))


def messages(file: Path) -> Iterator[Message]:
    """Go through a catalogue's messages, without its header."""
    with file.open("rb") as stream:
        yield from (message for message in read_po(stream) if message.id)
