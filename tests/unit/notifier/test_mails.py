"""Mails as bytes: what any server takes and any reader shows, and nothing that somebody typed can break out."""

import email
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.mails import TEMPLATES, Mails
from services.notifier.model import TEMPLATES as NAMES
from services.notifier.quoting import LINE, quoted, shown
from shared.contracts.gateway import Language

MAILS = Mails(sender="Khokahano <khokahano@example.org>", domain="mail.example.org")
LINKS = {
    "confirm": "https://khokahano.example.org/confirm/" + "c" * 52 + "." + "s" * 43,
    "unsubscribe": "https://khokahano.example.org/unsubscribe/" + "u" * 52 + "." + "t" * 43,
    "manage": "https://khokahano.example.org/me/" + "p" * 52 + "." + "q" * 43,
    "speaker": "https://khokahano.example.org/speaker/" + "p" * 52 + "." + "q" * 43,
    "briefing": "https://khokahano.example.org/briefing/" + "p" * 52 + "." + "q" * 43,
}
TYPED = {"name": "Ntšebo Letšela", "talk_title": "Wool & mohair <from> Semonkong", "office": "Consulate <Welkom> & friends"}
WRITTEN = {
    "subject_en": "News from Maseru",
    "subject_st": "Litaba tse tsoang Maseru",
    "text_en": "Dear friends,\n\nthe forum opens on 8 April.\nCome!",
    "text_st": "Metsoalle,\n\nseboka se bula ka la 8 'Mesa.\nTlong!",
}
DAYS = {"deadline_en": "25 March 2020", "deadline_st": "25 Hlakubele 2020", "day_en": "26 March 2020", "day_st": "26 Hlakubele 2020"}
SAID = {"said_en": "You agreed to receive information by e-mail.", "said_st": "U lumetse ho fumana litaba ka imeile."}
AT = datetime(2020, 1, 20, 9, 0, tzinfo=UTC)


def render(template: str, language: Language = "st", **values: str) -> bytes:
    filled = LINKS | TYPED | WRITTEN | DAYS | SAID | values
    return MAILS.render(template, language, filled, to=b"lerato@example.org", message_id="0190", at=AT)


def read(mail: bytes) -> EmailMessage:
    message = email.message_from_bytes(mail, policy=default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def parts(mail: bytes) -> tuple[str, str]:
    text, html = read(mail).iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.defects == html.defects == []
    return text.get_content(), html.get_content()


def test_every_template_is_a_folder_of_the_model() -> None:
    assert sorted(path.name for path in TEMPLATES.iterdir() if path.is_dir()) == sorted(NAMES)


@pytest.mark.parametrize("template", NAMES)
@pytest.mark.parametrize("language", ["en", "st"])
def test_mail_is_seven_bit_in_short_lines(template: str, language: Language) -> None:
    mail = render(template, language)
    assert mail.isascii()
    assert mail.endswith(b"\r\n")
    assert b"\n" not in mail.replace(b"\r\n", b"") and b"\r" not in mail.replace(b"\r\n", b"")
    head, _, body = mail.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert b"((" not in mail


def test_headers_of_a_welcome() -> None:
    message = read(render("welcome", "st"))
    assert dict(message.items()) == {
        "Date": "Mon, 20 Jan 2020 09:00:00 +0000",
        "Message-ID": "<0190@mail.example.org>",
        "To": "lerato@example.org",
        "Subject": "Ka kopo netefatsa ngoliso ea hau / Please confirm your registration",
        "From": "Khokahano <khokahano@example.org>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "st-LS, en",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_khokahano"',
        "List-Unsubscribe": f"<{LINKS['unsubscribe']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@pytest.mark.parametrize(("language", "first", "second"), [("en", "Hello,", "Lumela,"), ("st", "Lumela,", "Hello,")])
def test_welcome_speaks_both_languages_the_readers_first(language: Language, first: str, second: str) -> None:
    for part in parts(render("welcome", language)):
        assert part.index(first) < part.index(second)
        assert part.count(LINKS["confirm"]) == 4
        assert part.count(LINKS["unsubscribe"]) == 2


def test_welcome_holds_nothing_typed_by_the_registrant() -> None:
    assert set(LINKS) >= MAILS.names("welcome", "en") == MAILS.names("welcome", "st") == MAILS.names("repeat", "en")


def test_placeholders_are_the_same_in_both_parts_and_languages() -> None:
    for folder in (path for path in TEMPLATES.iterdir() if path.is_dir()):
        found = {
            language.name: {name for file in language.iterdir() for name in re.findall(r"\(\(([a-z_]+)\)\)", file.read_text("utf-8"))}
            for language in folder.iterdir()
        }
        assert {frozenset(name.removesuffix(f"_{language}") for name in names) for language, names in found.items()} == {
            frozenset(name.removesuffix("_en") for name in found["en"])
        }
        for language in folder.iterdir():
            texts = [set(re.findall(r"\(\(([a-z_]+)\)\)", (language / file).read_text("utf-8"))) for file in ("body.txt", "body.html")]
            assert texts[0] == texts[1]


def test_mail_without_a_member_has_no_list_header() -> None:
    assert read(render("team_notice"))["List-Unsubscribe"] is None


def test_case_38_typed_values_stay_text() -> None:
    evil = "Thabo\r\nBcc: x@example.com\u2028<b>\u202egro</b> https://evil.example.net www.example.net (c) ((confirm))"
    mail = render("team_notice", "en", name=evil, talk_title=evil)
    message = read(mail)
    assert sorted(message.keys()) == sorted(
        ["Date", "Message-ID", "To", "Subject", "From", "Auto-Submitted", "Content-Language", "MIME-Version", "Content-Type"]
    )
    assert message["To"].addresses[0].addr_spec == "lerato@example.org"
    text, html = parts(mail)
    assert "<b>" not in html and "&lt;b&gt;" in html
    for part in (text, html, message["Subject"]):
        assert "https://" not in part and "www.example" not in part and "\u202e" not in part and "\u2028" not in part
        assert LINKS["confirm"] not in part


@given(st.text(max_size=300))
def test_quoted_text_reads_as_it_was(text: str) -> None:
    text = text.replace("\r", "\n").encode("utf-8", "replace").decode()
    raw = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted(text)
    payload = email.message_from_bytes(raw).get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n") == text
    assert all(len(line) <= LINE + 4 for line in quoted(text).split(b"\r\n"))


@given(st.text(max_size=200))
def test_shown_text_is_one_line(value: str) -> None:
    line = shown(value.encode("utf-8", "replace").decode())
    assert "\n" not in line and "\r" not in line and "\u2028" not in line and "\0" not in line


def test_words_of_an_announcement_are_written_once_and_read_as_they_are() -> None:
    words = WRITTEN | {"text_en": "100 % of you:\n\n ((unsubscribe)) <a href=x>\u202egro\u0007 & =_khokahano  \nhttps://example.org/a.b"}
    words["subject_en"] = "((confirm)) now"
    filled = MAILS.prepared("announcement", "en").filled(words)
    assert filled.names == {"unsubscribe"}
    mail = filled.mail(LINKS, to=b"lerato@example.org", message_id="0190@mail.example.org", at=AT)
    text, html = (part.replace("\r\n", "\n") for part in parts(mail))
    said = "100 % of you:\n\n ((unsubscribe)) <a href=x>gro  & =_khokahano\nhttps://example.org/a.b\n"
    assert said in text
    assert "<p>100 % of you:</p>\n<p> ((unsubscribe)) &lt;a href=x&gt;gro  &amp; =_khokahano<br>\nhttps://example.org/a.b</p>" in html
    assert read(mail)["Subject"] == "((confirm)) now / Litaba tse tsoang Maseru"
    assert text.count(LINKS["unsubscribe"]) == 2 and LINKS["confirm"] not in text
