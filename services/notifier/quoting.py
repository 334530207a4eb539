"""How a value is written into a mail, so that it is text everywhere and no line is long: quoted-printable, headers, links."""

import html
import re
import unicodedata
from email.header import Header
from typing import Literal

Kind = Literal["text", "html", "text prose", "html prose", "link"]
LINE = 72
"""Characters of an encoded line before its soft break; quoted-printable allows 76. Source: RFC 2045, section 6.7."""
_UNSAFE_LINK = re.compile(r"[^!-<>-~]")
_OCTETS = tuple(chr(octet) if 32 <= octet <= 126 and octet != ord("=") else f"={octet:02X}" for octet in range(256))


def shown(value: str) -> str:
    """Return what somebody typed as one line that is text everywhere: no control, no direction mark, nothing to make a link of."""
    line = " ".join(_plain(value).split())
    return re.sub(r"(?<=\w)([.:@])(?=[\w/])", "\\1\u200b", line)


def prose(value: str) -> str:
    """Return what the staff typed with its lines as they are, without controls and direction marks; nothing in it is interpreted."""
    return "\n".join(_plain(line).rstrip() for line in value.strip().splitlines())


def _plain(line: str) -> str:
    return "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Zs") else c
        for c in line
        if unicodedata.category(c) != "Cf" or c in "\u200c\u200d"
    )


def written(value: str, kind: Kind) -> bytes:
    """Return a value on encoded lines of its own, joined to its neighbours by soft breaks."""
    match kind:
        case "link":
            if _UNSAFE_LINK.search(value):
                raise ValueError("a link holds what links do not hold")
            return b"=\r\n".join([value[i : i + LINE].encode() for i in range(0, len(value), LINE)]) + b"=\r\n"
        case "text prose":
            return quoted(prose(value), goes_on=True)
        case "html prose":
            paragraphs = re.split(r"\n{2,}", html.escape(prose(value)))
            return quoted("\n".join("<p>{}</p>".format(each.replace("\n", "<br>\n")) for each in paragraphs), goes_on=True)
        case "html":
            return quoted(html.escape(shown(value)), goes_on=True)
    return quoted(shown(value), goes_on=True)


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


def header(name: str, value: str) -> bytes:
    """Return a whole header line, encoded where it must be."""
    encoded = Header(value, "us-ascii" if value.isascii() else "utf-8", header_name=name).encode(linesep="\r\n")
    return f"{name}: {encoded}\r\n".encode("ascii")
