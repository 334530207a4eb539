"""A partner's poster and briefing pack as HTML, from templates; equal input gives equal text. No I/O but reading the templates."""

from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.registry import selfservice_words as words
from services.registry.outreach import codes
from services.registry.outreach.model import Partner
from shared import consent, facts
from shared.contracts.gateway import Language
from shared.web import pages
from shared.web.language import CATALOGUES, LANGUAGES, TAGS, add_texts

_HERE = Path(__file__).parent
CHANNELS = ("email", "whatsapp", "sms", "call")
"""On paper, as on the page: Telegram is joined from Telegram itself."""


class Addressed(NamedTuple):
    """Whom a document is for.

    Attributes:
        link: what its QR code holds.
    """

    name: str
    code: str
    link: str


def addressed(partner: Partner, base_url: str) -> Addressed:
    """Return whom a partner's documents are for."""
    return Addressed(partner.name, partner.code, codes.link(base_url, partner.code))


def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([_HERE / "documents", Path(pages.__file__).parent / "templates"]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(CATALOGUES[language], newstyle=True)  # type: ignore[attr-defined]  # The extension adds it.
    environment.globals.update(language=language, lang=TAGS[language], paragraphs=pages.paragraphs)
    return environment


add_texts(_HERE.parent)
_environments = {language: _environment(language) for language in LANGUAGES}


def _render(template: str, language: Language, to: Addressed, **context: Any) -> str:
    picture = Markup(codes.svg(to.link).decode())  # noqa: S704  # Our own drawing of modules.
    return _environments[language].get_template(template).render(to=to, picture=picture, **context)


def poster(to: Addressed, language: Language) -> str:
    """Return the poster: one page, with the link as a QR code."""
    return _render("poster.html", language, to)


def pack(to: Addressed, language: Language) -> str:
    """Return the briefing pack: letter, the reasons why, what to say, poster, and a paper form with the wording of the consent."""
    version = consent.versions()[-1]
    names = dict(facts.countries(language))
    return _render(
        "pack.html",
        language,
        to,
        version=version,
        wording_text=consent.text(version, language),
        provinces=[area.name(language) for area in facts.areas() if area.kind == "province"],
        countries=[names[area.code] for area in facts.areas() if area.kind == "country"],
        districts=[district.name(language) for district in facts.districts()],
        genders=words.options(words.GENDERS, language),
        types=words.options(words.TYPES, language),
        interests=words.options(words.INTERESTS, language),
        needs=words.options(words.NEEDS, language),
        channels=words.options({each: words.CHANNELS[each] for each in CHANNELS}, language),
        own_names=words.LANGUAGES.items(),
    )
