"""The Sesotho catalogues are whole, keep every placeholder, and are spelled as in Lesotho."""

import re
from collections.abc import Iterator

import pytest

from shared import consent, facts
from tests.unit.web.texts import PARTS, ROOT, Text, files, messages, used

SAME = {"WhatsApp", "SMS", "Telegram"}
"""Texts that are the same in both languages."""
SOUTH_AFRICAN = re.compile(r"kg|tjh|di|du|w|(?<!n)y", re.IGNORECASE)
"""`ny` is spelled alike in both countries: nyane, bonyane."""
NOT_SESOTHO = frozenset(
    # Names.
    ["germany", "dublin", "welkom", "washington", "ottawa", "kwazulu", "diaspora", "directorate", "embassy", "whatsapp"]
)
"""Words in which kg, tjh, di, du, w or y are no mistake: names, and English words that are used as they are."""
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%|\{\w*\}|\(\(\w+\)\)")
WORD = re.compile(r"[^\W\d_]+")


def sesotho() -> Iterator[tuple[str, str]]:
    """Go through every Sesotho text that is shipped: where it stands, and the text."""
    for part in PARTS:
        for file in files(part):
            for message in messages(file):
                for text in [message.string] if isinstance(message.string, str) else message.string:
                    yield str(file.relative_to(ROOT)), text
    for version in consent.versions():
        yield f"shared/consent/{version}.st.txt", consent.text(version, "st")
    for row in (*facts.areas(), *facts.districts()):
        yield "shared/facts", row.name_st
    mails = [file for file in (ROOT / "services/notifier/templates").rglob("*.*") if "st" in file.relative_to(ROOT).parts]
    for file in mails:
        yield str(file.relative_to(ROOT)), re.sub(r"<[^>]*>|\(\([^)]*\)\)|\{[^}]*\}+|https?:\S+", " ", file.read_text("utf-8"))


def wrong_words(text: str) -> list[str]:
    return [word for word in WORD.findall(PLACEHOLDER.sub(" ", text)) if SOUTH_AFRICAN.search(word) and word.lower() not in NOT_SESOTHO]


def known(part: str) -> dict[Text, Text]:
    found: dict[Text, Text] = {}
    for file in files(part):
        for message in messages(file):
            many = message.string if isinstance(message.string, str) else tuple(message.string)
            found[message.id if isinstance(message.id, str) else tuple(message.id)] = many
    return found


@pytest.mark.parametrize("part", PARTS)
def test_every_text_shown_is_translated(part: str) -> None:
    translated = {**known("shared"), **known(part)}
    missing = {text: place for text, place in used(part).items() if not translated.get(text)}
    assert missing == {}


@pytest.mark.parametrize("part", PARTS)
def test_no_translation_is_of_a_text_that_is_shown_no_more(part: str) -> None:
    shown = used(part)
    source = "".join(file.read_text("utf-8") for folder in (part, "shared") for file in (ROOT / folder).rglob("*.py"))
    assert [text for text in known(part) if text not in shown and not (isinstance(text, str) and text in source)] == []


@pytest.mark.parametrize("part", PARTS)
def test_no_translation_is_left_in_english_or_marked_fuzzy(part: str) -> None:
    assert [message.id for file in files(part) for message in messages(file) if message.fuzzy] == []
    assert [text for text, said in known(part).items() if text == said and text not in SAME] == []


@pytest.mark.parametrize("part", PARTS)
def test_placeholders_are_the_same_in_both_languages(part: str) -> None:
    changed = []
    for text, said in known(part).items():
        ours = [text] if isinstance(text, str) else text
        theirs = [said] if isinstance(said, str) else said
        wanted = {placeholder.group() for each in ours for placeholder in PLACEHOLDER.finditer(each)}
        if any({placeholder.group() for placeholder in PLACEHOLDER.finditer(each)} != wanted for each in theirs):
            changed.append(text)
    assert changed == []


def test_sesotho_is_spelled_as_in_lesotho() -> None:
    wrong = {(place, word) for place, text in sesotho() for word in wrong_words(text)}
    assert wrong == set()


@pytest.mark.parametrize("word", ["kgotso", "ditaba", "dumela", "wena", "tjhelete", "yona", "Duma"])
def test_south_african_spellings_are_refused(word: str) -> None:
    assert wrong_words(f"Rea leboha, {word}.") == [word]


@pytest.mark.parametrize("word", ["khotso", "litaba", "lumela", "uena", "chelete", "eona", "WhatsApp", "tšebeletso"])
def test_spellings_of_lesotho_are_taken(word: str) -> None:
    assert wrong_words(f"Rea leboha, {word}.") == []
