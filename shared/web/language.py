"""English and Sesotho: which one a caller reads, and the catalogues, read straight from `.po` files at start."""

import gettext
from pathlib import Path
from typing import Literal

from babel.messages.pofile import read_po
from starlette.requests import Request

Language = Literal["en", "st"]
LANGUAGES: tuple[Language, ...] = ("en", "st")
TAGS = {"en": "en", "st": "st-LS"}
"""What the `lang` attribute says."""
OWN_NAMES = {"en": "English", "st": "Sesotho"}
COOKIE = "lang"


class Catalogue(gettext.NullTranslations):
    """The texts of one language; an unknown text stays English. Plurals: one and many, as English and Sesotho both have."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[str, str] = {}
        self._many: dict[str, tuple[str, str]] = {}
        self._read: set[Path] = set()

    def read(self, file: Path) -> None:
        """Add a `.po` file's texts; a second reading of the same file changes nothing."""
        if file in self._read:
            return
        self._read.add(file)
        with file.open("rb") as stream:
            for message in read_po(stream):
                if not message.id or not message.string or message.fuzzy:
                    continue
                if isinstance(message.id, str):
                    self._texts[message.id] = str(message.string)
                else:
                    one, many = (str(form) for form in message.string[:2])
                    self._many[message.id[0]] = (one, many)

    def gettext(self, message: str) -> str:
        """Return the text in this language."""
        return self._texts.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the text for n things."""
        one, many = self._many.get(msgid1, (msgid1, msgid2))
        return one if n == 1 else many


CATALOGUES: dict[Language, Catalogue] = {language: Catalogue() for language in LANGUAGES}
"""One process, one set of texts: `shared/web`'s and its service's."""


def add_texts(directory: Path) -> None:
    """Read `directory/locales/<language>/**/*.po`."""
    for language in LANGUAGES:
        for file in sorted((directory / "locales" / language).rglob("*.po")):
            CATALOGUES[language].read(file)


def translate(language: Language, text: str, **values: object) -> str:
    """Return an English text in the caller's language, with `%(name)s` filled in."""
    translated = CATALOGUES[language].gettext(text)
    return translated % values if values else translated


def mark(text: str) -> str:
    """Return the text as it is; the name tells the catalogue's check that it will be translated later."""
    return text


def accepted(header: str) -> Language | None:
    """Return the language an `Accept-Language` header likes best of ours; None if it names neither."""
    best: tuple[float, Language] | None = None
    for part in header[:1000].split(",") if header else ():
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        language: Language | None = "st" if primary in ("st", "sot") else "en" if primary in ("en", "eng") else None
        if language is None:
            continue
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter.strip() else 1.0
        except ValueError:
            continue
        if quality > 0 and (best is None or quality > best[0]):
            best = (quality, language)
    return best[1] if best else None


_OURS: dict[str | None, Language] = {language: language for language in LANGUAGES}


def chosen(request: Request) -> Language | None:
    """Return the language this person has picked: by the address, else by the cookie; None if they never did."""
    # Most programs send neither, and reading nothing costs as much as reading something.
    asked = request.query_params.get("lang") if request.scope.get("query_string") else None
    return _OURS.get(asked) or (_OURS.get(request.cookies.get(COOKIE)) if "cookie" in request.headers else None)


def language_of(request: Request) -> Language:
    """Return the language to answer in: picked, else the identity's, else what `Accept-Language` likes, else English."""
    identity = request.scope.get("state", {}).get("identity")
    return chosen(request) or _OURS.get(getattr(identity, "language", None)) or accepted(request.headers.get("accept-language", "")) or "en"


add_texts(Path(__file__).parent)
