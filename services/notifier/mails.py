"""Mails as bytes: each template is made ready once, at start; one mail is then its pieces with the values between them.

A template is a folder `templates/<name>/<language>/` of `subject.txt`, `body.txt` and `body.html` with `((placeholders))`; nothing
else in it is ever interpreted. A mail holds all languages that its template has, the reader's first. Text goes as quoted-printable,
so that every server takes it and no line is long, whatever the language.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, formataddr, parseaddr
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from services.notifier.quoting import Kind, header, quoted, shown, written
from shared.contracts.gateway import Language

TEMPLATES = Path(__file__).parent / "templates"
LINKS = frozenset({"confirm", "unsubscribe", "speaker", "manage", "briefing"})
"""Placeholders that we fill ourselves with links; everything else was typed by somebody."""
PROSE = frozenset({"text_en", "text_st"})
"""Placeholders that hold what the staff wrote, in paragraphs."""
TAGS: dict[Language, str] = {"en": "en", "st": "st-LS"}
BETWEEN: dict[Language, str] = {"en": "English", "st": "Sesotho"}
BOUNDARY = "=_khokahano"
"""Cannot occur in the parts: quoted-printable writes `=` as `=3D`. Source: RFC 2045, section 6.7, note on boundaries."""

_PLACEHOLDER = re.compile(r"\(\(([a-z_]+)\)\)")


class Slot(NamedTuple):
    """A place for a value, and how the value is written there."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Prepared:
    """One template in one reader's language.

    Attributes:
        subject: the subject's text with placeholders.
        subject_header: the whole header where nothing is to be filled in.
        headers: those that are the same in each mail.
        body: all bytes after the headers, with slots between.
    """

    subject: str
    subject_header: bytes | None
    headers: bytes
    body: tuple[bytes | Slot, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """The placeholders that want to be filled."""
        return frozenset(slot.name for slot in self._slots) | frozenset(_PLACEHOLDER.findall(self.subject))

    @cached_property
    def _slots(self) -> tuple[Slot, ...]:
        """Every slot of the body, in order; one that comes again stands here again."""
        return tuple(piece for piece in self.body if isinstance(piece, Slot))

    @cached_property
    def _different_slots(self) -> frozenset[Slot]:
        return frozenset(self._slots)

    @cached_property
    def _form(self) -> bytes:
        """The body with `%b` for each slot."""
        return b"".join(piece.replace(b"%", b"%%") if isinstance(piece, bytes) else b"%b" for piece in self.body)

    def filled(self, values: Mapping[str, str]) -> "Prepared":
        """Return it with these values written in, all those of the subject among them: what is the same for many is written once.

        A placeholder that a value holds is text, and is not filled.
        """
        body = tuple(
            written(values[piece.name], piece.kind) if isinstance(piece, Slot) and piece.name in values else piece for piece in self.body
        )
        return Prepared("", self._subject(values), self.headers, body)

    def _subject(self, values: Mapping[str, str]) -> bytes:
        return self.subject_header or header("Subject", _PLACEHOLDER.sub(lambda found: shown(values[found[1]]), self.subject))

    def mail(self, values: Mapping[str, str], *, to: bytes, message_id: str, at: datetime) -> bytes:
        """Return a whole mail; see `Mails.render`."""
        filled = {slot: written(values[slot.name], slot.kind) for slot in self._different_slots}
        top = [_date(at), b"Message-ID: <", message_id.encode(), b">\r\nTo: <", to, b">\r\n", self._subject(values), self.headers]
        if "unsubscribe" in self.names:
            link = values["unsubscribe"]
            top.append(f"List-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii"))
        top.append(self._form % tuple([filled[slot] for slot in self._slots]))
        return b"".join(top)


@lru_cache(maxsize=8)
def _date(at: datetime) -> bytes:
    """Return the Date header; all mails of one claim have the same."""
    return f"Date: {format_datetime(at)}\r\n".encode()


def _pieces(text: str, kind: Literal["text", "html"]) -> list[bytes | Slot]:
    parts = _PLACEHOLDER.split(text)
    prose: Kind = "text prose" if kind == "text" else "html prose"
    pieces: list[bytes | Slot] = []
    for position, part in enumerate(parts):
        if position % 2:
            pieces.append(Slot(part, "link" if part in LINKS else prose if part in PROSE else kind))
        elif part:
            pieces.append(quoted(part, goes_on=position < len(parts) - 1))
    return pieces


def _files(folder: Path, language: Language) -> tuple[str, str, str]:
    subject, text, markup = (
        (folder / language / file).read_text(encoding="utf-8").strip() for file in ("subject.txt", "body.txt", "body.html")
    )
    return subject, text, markup


def prepare(folder: Path, reader: Language, frame: str, sender: str) -> Prepared:
    """Make one template ready for readers of one language."""
    languages = sorted((language for language in TAGS if (folder / language).is_dir()), key=lambda language: language != reader)
    parts = {language: _files(folder, language) for language in languages}
    subject = " / ".join(parts[language][0] for language in languages)
    text = "\n\n".join(
        parts[language][1] if position == 0 else f"--- {BETWEEN[language]} ---\n\n{parts[language][1]}"
        for position, language in enumerate(languages)
    )
    rule = '\n<hr style="margin:32px 0;border:0;border-top:1px solid #cccccc">\n'
    markup = rule.join(f'<div lang="{TAGS[language]}">\n{parts[language][2]}\n</div>' for language in languages)
    page = frame.replace("((lang))", TAGS[languages[0]]).replace("((parts))", markup)
    name, address = parseaddr(sender)
    headers = (
        header("From", formataddr((name, address)))
        + f"Auto-Submitted: auto-generated\r\nContent-Language: {', '.join(TAGS[language] for language in languages)}\r\n".encode()
        + f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{BOUNDARY}"\r\n'.encode()
    )
    kind = "\r\n--{}\r\nContent-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    body = (
        kind.format(BOUNDARY, "plain").encode(),
        *_pieces(text, "text"),
        b"\r\n" + kind.format(BOUNDARY, "html").encode()[2:],
        *_pieces(page, "html"),
        f"\r\n--{BOUNDARY}--\r\n".encode(),
    )
    return Prepared(subject, None if _PLACEHOLDER.search(subject) else header("Subject", subject), headers, body)


class Mails:
    """Every template, ready.

    Args:
        sender: the From header's mailbox.
        domain: the right half of each Message-ID.
    """

    def __init__(self, *, sender: str, domain: str) -> None:
        self._domain = domain
        self.envelope_sender = parseaddr(sender)[1]
        frame = (TEMPLATES / "frame.html").read_text(encoding="utf-8").strip()
        folders = sorted(path for path in TEMPLATES.iterdir() if path.is_dir())
        self._prepared = {(folder.name, language): prepare(folder, language, frame, sender) for folder in folders for language in TAGS}

    def prepared(self, template: str, language: Language) -> Prepared:
        """Return a template for readers of one language.

        Raises:
            KeyError: there is no such template.
        """
        return self._prepared[template, language]

    def names(self, template: str, language: Language) -> frozenset[str]:
        """Return the placeholders that a template wants filled.

        Raises:
            KeyError: there is no such template.
        """
        return self.prepared(template, language).names

    def render(self, template: str, language: Language, values: Mapping[str, str], *, to: bytes, message_id: str, at: datetime) -> bytes:
        """Return a whole mail, each line ended by CRLF, dots not doubled.

        Args:
            to: one mailbox's path, as `addresses.mailbox` gives it.
            message_id: the left half; the same for every try of a delivery.

        Raises:
            KeyError: there is no such template, or a value is missing.
        """
        return self.prepared(template, language).mail(values, to=to, message_id=f"{message_id}@{self._domain}", at=at)
