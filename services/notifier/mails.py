"""Mails as bytes: each template is made ready once, at start; one mail is then a join of its pieces and the values between them.

A template is a folder `templates/<name>/<language>/` of `subject.txt`, `body.txt` and `body.html` with `((placeholders))`; nothing
else in it is ever interpreted. A mail holds all languages that its template has, the reader's first. Text goes as quoted-printable,
so that every server takes it and no line is long, whatever the language.
"""

import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from pathlib import Path
from typing import Literal

from shared.contracts.gateway import Language

TEMPLATES = Path(__file__).parent / "templates"
LINKS = frozenset({"confirm", "unsubscribe", "speaker"})
"""Placeholders that we fill ourselves with links; everything else was typed by somebody."""
LINE = 72
"""Characters of an encoded line before its soft break; quoted-printable allows 76. Source: RFC 2045, section 6.7."""
TAGS: dict[Language, str] = {"en": "en", "st": "st-LS"}
BETWEEN: dict[Language, str] = {"en": "English", "st": "Sesotho"}
BOUNDARY = "=_khokahano"
"""Cannot occur in the parts: quoted-printable writes `=` as `=3D`. Source: RFC 2045, section 6.7, note on boundaries."""

Kind = Literal["text", "html", "subject", "link"]
_PLACEHOLDER = re.compile(r"\(\(([a-z_]+)\)\)")
_UNSAFE_LINK = re.compile(r"[^!-<>-~]")
_OCTETS = tuple(chr(octet) if 32 <= octet <= 126 and octet != ord("=") else f"={octet:02X}" for octet in range(256))


@dataclass(frozen=True)
class Slot:
    """A place for a value, and how the value is written there."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Prepared:
    """One template in one reader's language: all bytes after the headers that differ, with slots between.

    Attributes:
        subject: the subject's text with placeholders.
        subject_header: the whole header where it has no placeholder.
    """

    subject: str
    subject_header: bytes | None
    headers: bytes
    unsubscribes: bool
    body: tuple[bytes | Slot, ...]
    names: frozenset[str]


def shown(value: str) -> str:
    """Return what somebody typed as one line that is text everywhere: no control, no direction mark, nothing to make a link of."""
    kept = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Zs") else c
        for c in value
        if unicodedata.category(c) != "Cf" or c in "\u200c\u200d"
    )
    line = " ".join(kept.split())
    return re.sub(r"(?<=\w)([.:@])(?=[\w/])", "\\1\u200b", line)


def quoted(text: str, *, goes_on: bool = False) -> bytes:
    """Return text as quoted-printable with CRLF.

    Args:
        goes_on: more follows on the last line; it ends in a soft break.
    """
    lines = []
    for line in text.split("\n"):
        pieces, width, start = [_OCTETS[octet] for octet in line.encode()], 0, 0
        folded = []
        for position, piece in enumerate(pieces):
            width += len(piece)
            if width > LINE:
                folded.append("".join(pieces[start:position]))
                start, width = position, len(piece)
        folded.append("".join(pieces[start:]))
        lines.append("=\r\n".join(folded))
    if not goes_on:
        lines[:-1] = [_no_trailing_space(line) for line in lines[:-1]]
    else:
        lines = [_no_trailing_space(line) for line in lines[:-1]] + [f"{lines[-1]}=\r\n" if lines[-1] else ""]
    return "\r\n".join(lines).encode("ascii")


def _no_trailing_space(line: str) -> str:
    """Return the line with its last space encoded: relays may cut blanks at a line's end."""
    return f"{line[:-1]}=20" if line.endswith(" ") else line


def _value(value: str, kind: Kind) -> bytes:
    """Return a value on encoded lines of its own, joined to its neighbours by soft breaks."""
    if kind == "link":
        if _UNSAFE_LINK.search(value):
            raise ValueError("a link holds what links do not hold")
        return b"=\r\n".join([value[i : i + LINE].encode() for i in range(0, len(value), LINE)]) + b"=\r\n"
    return quoted(html.escape(shown(value)) if kind == "html" else shown(value), goes_on=True)


def _header(name: str, value: str) -> bytes:
    encoded = Header(value, "us-ascii" if value.isascii() else "utf-8", header_name=name).encode(linesep="\r\n")
    return f"{name}: {encoded}\r\n".encode("ascii")


def _pieces(text: str, kind: Literal["text", "html"]) -> list[bytes | Slot]:
    parts = _PLACEHOLDER.split(text)
    pieces: list[bytes | Slot] = []
    for position, part in enumerate(parts):
        if position % 2:
            pieces.append(Slot(part, "link" if part in LINKS else kind))
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
    names = frozenset(_PLACEHOLDER.findall(f"{subject} {text} {page}"))
    name, address = parseaddr(sender)
    headers = (
        _header("From", formataddr((name, address)))
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
    whole = None if _PLACEHOLDER.search(subject) else _header("Subject", subject)
    return Prepared(subject, whole, headers, "unsubscribe" in names, _joined(body), names)


def _joined(pieces: tuple[bytes | Slot, ...]) -> tuple[bytes | Slot, ...]:
    """Return the pieces with neighbouring bytes in one."""
    joined: list[bytes | Slot] = []
    for piece in pieces:
        if joined and isinstance(piece, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)


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

    def names(self, template: str, language: Language) -> frozenset[str]:
        """Return the placeholders that a template wants filled.

        Raises:
            KeyError: there is no such template.
        """
        return self._prepared[template, language].names

    def render(self, template: str, language: Language, values: Mapping[str, str], *, to: bytes, message_id: str, at: datetime) -> bytes:
        """Return a whole mail, each line ended by CRLF, dots not doubled.

        Args:
            to: one mailbox's path, as `addresses.mailbox` gives it.
            message_id: the left half; the same for every try of a delivery.

        Raises:
            KeyError: there is no such template, or a value is missing.
        """
        prepared = self._prepared[template, language]
        written = {slot: _value(values[slot.name], slot.kind) for slot in {piece for piece in prepared.body if isinstance(piece, Slot)}}
        subject = prepared.subject_header or _header("Subject", _PLACEHOLDER.sub(lambda found: shown(values[found[1]]), prepared.subject))
        top = [
            f"Date: {format_datetime(at)}\r\nMessage-ID: <{message_id}@{self._domain}>\r\nTo: <".encode(),
            to,
            b">\r\n",
            subject,
            prepared.headers,
        ]
        if prepared.unsubscribes:
            link = values["unsubscribe"]
            top.append(f"List-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii"))
        return b"".join([*top, *[piece if isinstance(piece, bytes) else written[piece] for piece in prepared.body]])
