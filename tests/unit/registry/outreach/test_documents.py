"""What is printed for a partner: the same questions and the same wording as on the web, in both languages, in letters that are there."""

import io
import re
from html import unescape

import pytest
from pypdf import PdfReader

from services.gateway import pages as web
from services.gateway.form.rules import RegistrationForm
from services.registry.outreach import documents
from services.registry.outreach.typesetting import OnlyFonts, typeset
from shared import consent
from shared.contracts.gateway import Language
from shared.web.language import translate
from tests.unit.web.test_catalogues import known
from tests.unit.web.texts import ROOT, used

TO = documents.Addressed(
    "Mokhatlo oa Basotho ba Welkom, Motšeoa & ’Mapalesa <b>", "MKR47", "https://khokahano.example.org/register?partner=MKR47"
)
ASKED_ON_SCREEN_ONLY = {"phone_region"}
"""Which of two readings of a number is meant; on paper whoever types it in asks."""
WRITTEN_BY_US = {"consent_text_version", "partner_code"}


def fields(page: str) -> set[str]:
    return set(re.findall(r'data-field="(\w+)"', page))


def offered(page: str, field: str) -> list[str]:
    [line] = re.findall(rf'<p class="ticks" data-field="{field}">(.*?)</p>', page, re.DOTALL)
    return re.findall(r'data-value="(\w+)"', line)


def read(made: bytes) -> str:
    """Return a file's text, in one line."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages).split())


@pytest.mark.parametrize("language", ["en", "st"])
def test_paper_form_asks_what_the_web_form_asks(language: Language) -> None:
    page = documents.pack(TO, language)
    asked = set(RegistrationForm.model_fields) - ASKED_ON_SCREEN_ONLY - {"consent"}
    assert fields(page) - {"signature"} == asked | {"consent_registration", "consent_information", "consent_sharing"}
    assert offered(page, "interests") == offered(page, "contributions") == [value for value, _ in web.INTERESTS]
    assert offered(page, "needs") == [value for value, _ in web.NEEDS]
    assert offered(page, "channels") == [value for value, _ in web.CHANNELS]
    assert offered(page, "gender") == [value for value, _ in web.GENDERS]
    assert offered(page, "diaspora_type") == [value for value, _ in web.TYPES]
    for _, text in (*web.INTERESTS, *web.NEEDS, *web.CHANNELS, *web.GENDERS, *web.TYPES):
        assert f"☐ {translate(language, text)}</span>" in unescape(page)


def test_paper_form_says_it_as_the_web_form_does() -> None:
    """Its questions are texts of the gateway's own form, and mean the same in Sesotho."""
    on_paper = {text for text, place in used("services/registry").items() if "documents/paper_form" in place}
    on_screen = (ROOT / "services/gateway/templates/register.html").read_text("utf-8")
    own = {
        "Register of Basotho who live outside Lesotho",
        "Read the next page before you sign.",
        "Place, day, signature",
        "Code",
        "Wording",
    }
    assert {text for text in on_paper - own if str(text) not in on_screen} == set()
    ours, theirs = {**known("shared"), **known("services/registry")}, {**known("shared"), **known("services/gateway")}
    labels = set(re.findall(r'_\("([^"]+)"\)', (ROOT / "services/registry/outreach/documents/paper_form.html").read_text("utf-8"))) - own
    assert {text: ours.get(text) for text in labels} == {text: theirs.get(text) for text in labels}


@pytest.mark.parametrize("language", ["en", "st"])
def test_pack_is_read_back_with_every_letter_and_the_whole_wording(language: Language) -> None:
    made = typeset(documents.pack(TO, language))
    text = read(made)
    for part in (TO.name.replace("&amp;", "&"), TO.code, TO.link, translate(language, "Words to say")):
        assert part in text
    for paragraph in consent.text(consent.versions()[-1], language).split("\n\n"):
        for line in paragraph.splitlines():
            assert " ".join(line.removeprefix("- ").split()) in text
    reader = PdfReader(io.BytesIO(made))
    assert reader.trailer["/Root"]["/Lang"] == {"en": "en", "st": "st-LS"}[language]  # type: ignore[index]
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]  # type: ignore[index]
    assert {tuple(map(round, page.mediabox[2:])) for page in reader.pages} == {(595, 842)}  # A4, in points.


@pytest.mark.parametrize("language", ["en", "st"])
def test_poster_is_one_page_with_embedded_fonts(language: Language) -> None:
    made = typeset(documents.poster(TO, language))
    [page] = PdfReader(io.BytesIO(made)).pages
    assert TO.code in "".join(page.extract_text().split())
    fonts = [font.get_object()["/DescendantFonts"][0].get_object() for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert {font["/BaseFont"].split("+")[-1].split("-")[0] for font in fonts} == {"DejaVu"}
    assert all({"/FontFile2", "/FontFile3"} & set(font["/FontDescriptor"].get_object()) for font in fonts)


def test_same_partner_gets_the_same_bytes() -> None:
    assert typeset(documents.poster(TO, "st")) == typeset(documents.poster(TO, "st"))


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://127.0.0.1:8080/", "https://example.org/x.png", "fonts:../model.py", "data:,x"]
)
def test_nothing_but_our_fonts_is_fetched(address: str) -> None:
    with pytest.raises(ValueError, match="only our own fonts"):
        OnlyFonts().fetch(address)


def test_hostile_name_is_text() -> None:
    page = documents.poster(TO._replace(name='<img src="file:///etc/passwd"><style>*{}'), "en")
    assert "<img" not in page
    assert page.count("<style>") == 1
