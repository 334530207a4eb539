"""Pages: Jinja templates in two languages, one inlined stylesheet under a strict policy, small enough for one round trip."""

import gzip
import re
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared.errors import FieldError
from shared.settings import Settings
from shared.web.headers import policy, security_headers
from shared.web.language import CATALOGUES, COOKIE, LANGUAGES, OWN_NAMES, TAGS, Language, add_texts, chosen, language_of
from shared.web.staff import navigation

_HERE = Path(__file__).parent
_YEAR_SECONDS = 31_536_000
_GZIP_LEVEL = 6
"""Level 9 saves 20 bytes of a page and costs twice the time."""


def _small(css: str) -> str:
    """Return a stylesheet without comments and needless white space."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"\s*([{};,>])\s*", r"\1", re.sub(r"\s+", " ", css)).replace(";}", "}").strip()


STYLE = _small((_HERE / "style.css").read_text("utf-8"))
STAFF_STYLE = _small((_HERE / "staff.css").read_text("utf-8"))
_POLICY = policy(STYLE, STAFF_STYLE)
_INLINE = {"style": Markup(STYLE), "staff_style": Markup(STAFF_STYLE)}  # noqa: S704  # Our own files, with the signs of the policy's hash.


class Filled:
    """What a person typed into a form, and what is wrong with it; a template's macros read both.

    Args:
        values: every value by its field's name.
        errors: in the page's order; a pointer `/consent/sharing` means the field `consent_sharing`, `/interests/0` the field `interests`.
    """

    def __init__(self, values: Mapping[str, Sequence[str]] | None = None, errors: Sequence[FieldError] = ()) -> None:
        self._values = dict(values or {})
        self._errors: dict[str, str] = {}
        for error in errors:
            self._errors.setdefault(self.field(error.pointer), error.detail)

    @staticmethod
    def field(pointer: str) -> str:
        """Return the name of the form field that a pointer means."""
        return "_".join(part for part in pointer.split("/") if part and not part.isdigit())

    def value(self, name: str, otherwise: str = "") -> str:
        """Return the first value typed, else the given one where the field was never shown."""
        return (self._values.get(name) or [otherwise])[0]

    def has(self, name: str, value: str) -> bool:
        """Tell whether this value is among those chosen."""
        return value in self._values.get(name, ())

    def error(self, name: str) -> str:
        """Return what is wrong with a field, or nothing."""
        return self._errors.get(name, "")

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Return (field, error) of every bad field, in order."""
        return list(self._errors.items())


class Pages:
    """The pages of one service: its `templates/` before the shared ones, its `locales/` with the shared ones.

    Args:
        directory: the service's package.
        settings: where given, they say whether people come by HTTPS.
    """

    def __init__(self, directory: Path, settings: Settings | None = None) -> None:
        add_texts(directory)
        self._https = settings is not None and settings.khokahano_base_url.startswith("https:")
        folders = dict.fromkeys([directory / "templates", _HERE / "templates"])
        self._environments = {language: self._environment(language, list(folders)) for language in LANGUAGES}

    @staticmethod
    def _environment(language: Language, folders: list[Path]) -> Environment:
        environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_translations(CATALOGUES[language], newstyle=True)  # type: ignore[attr-defined]  # The extension adds it.
        environment.globals.update(language=language, lang=TAGS[language], own_names=OWN_NAMES, tags=TAGS, paragraphs=paragraphs, **_INLINE)
        return environment

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        language: Language | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """Return a page in the caller's language, or the given one.

        It is packed by gzip unless it carries a form token, whose bytes a packed page's length would betray little by little.
        """
        spoken = language or language_of(request)
        identity = getattr(request.state, "identity", None)
        csrf = getattr(identity, "csrf", "")
        page = self._environments[spoken].get_template(template)
        text = page.render(
            path=request.url.path,
            identity=identity,
            csrf=csrf,
            navigation=navigation(identity, request.url.path),
            with_query=partial(_with_query, request),
            language_chosen=chosen(request) is not None,
            in_language={each: _with_query(request, lang=each) for each in LANGUAGES},
            **context,
        )
        body, packed = text.encode(), not csrf and "gzip" in request.headers.get("accept-encoding", "")
        response = HTMLResponse(gzip.compress(body, _GZIP_LEVEL, mtime=0) if packed else body, status)
        response.headers.update(
            {
                "content-security-policy": _POLICY,
                "content-language": spoken,
                "cache-control": "no-store",
                "vary": "Accept-Encoding, Accept-Language, Cookie",
                **security_headers(https=self._https),
                **(headers or {}),
            }
        )
        if packed:
            response.headers["content-encoding"] = "gzip"
        if request.query_params.get("lang") == spoken:
            response.set_cookie(COOKIE, spoken, max_age=_YEAR_SECONDS, secure=self._https, httponly=True, samesite="lax")
        return response


def _with_query(request: Request, **changes: str | None) -> str:
    """Return the query of this page with some parameters set, or taken away by None: `<a href="{{ with_query(cursor=next) }}">`."""
    return "?" + urlencode({name: value for name, value in {**request.query_params, **changes}.items() if value is not None})


def paragraphs(text: str) -> list[str | list[str]]:
    """Return plain text as paragraphs; lines that begin with `- ` as one list."""
    found: list[str | list[str]] = []
    for block in text.strip().split("\n\n"):
        lines = block.split("\n")
        if plain := " ".join(line for line in lines if not line.startswith("- ")):
            found.append(plain)
        if items := [line[2:] for line in lines if line.startswith("- ")]:
            found.append(items)
    return found


@cache
def own() -> Pages:
    """Return the pages that need no service: problems."""
    return Pages(_HERE)
