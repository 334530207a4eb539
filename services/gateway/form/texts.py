"""What people type: names and other text, and e-mail addresses."""

import re
import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator

from shared.web.wording import unfit

NAME_MOST = 80
LINE_MOST = 80
NOTE_MOST = 1000
PARTNER_MOST = 64
EMAIL_MOST = 254
"""RFC 5321, section 4.5.3.1.3: a path of 256 less its angle brackets."""
LOCAL_PART_MOST = 64
"""RFC 5321, section 4.5.3.1.1."""
_TYPED_MOST = 4
"""Times the limit in code points before NFC, which may join up to three marks to their letter."""
_CONTROLS = (
    r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
_CONTROL = re.compile(f"[{_CONTROLS}]")
_CONTROL_IN_NOTE = re.compile(f"(?![\\n\\t])[{_CONTROLS}]")
"""C0 and C1, line and paragraph separators, whatever turns the direction of writing, lone surrogates, tags."""
_LETTER = re.compile(r"[^\W\d_]")
PLAIN_EMAIL = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@"
    r"(?:(?![^.]{64})[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?!(?:arpa|invalid|local|localhost|onion)\Z)[a-z]{2,63}\Z"
)
"""What most addresses look like: the library would return them as they are, after twenty times as long."""


def _clean(value: str, most: int) -> str:
    if value.isascii() and value.isprintable() and len(value) <= most:
        return value.strip()
    if len(value) <= most * _TYPED_MOST:
        if _CONTROL.search(value):
            raise unfit("Write this in one line, without control characters.")
        value = unicodedata.normalize("NFC", value).strip()
    if len(value) > most:
        raise unfit("Use at most %(most)s characters.", most=most)
    return value


def _name(value: str) -> str:
    name = _clean(value, NAME_MOST)
    if not _LETTER.search(name):
        raise unfit("Write the name with letters.")
    return name


def _line(value: str) -> str | None:
    return _clean(value, LINE_MOST) or None


def _partner(value: str) -> str | None:
    return _clean(value, PARTNER_MOST) or None


def _note(value: str) -> str | None:
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) <= NOTE_MOST * _TYPED_MOST:
        if _CONTROL_IN_NOTE.search(text):
            raise unfit("Write this without control characters.")
        text = unicodedata.normalize("NFC", text).strip()
    if len(text) > NOTE_MOST:
        raise unfit("Use at most %(most)s characters.", most=NOTE_MOST)
    return text or None


def _email(value: str) -> str | None:
    """Return one address: its local part as written, its domain in lower case and in ASCII (IDNA).

    Names for tests (RFC 6761: example.org, anything.test) are taken; nothing is looked up.
    """
    typed = value.strip(" ")
    if not typed:
        return None
    if len(typed) > EMAIL_MOST:
        raise unfit("This e-mail address is too long.")
    if PLAIN_EMAIL.match(typed):
        return typed
    try:
        found = validate_email(typed, check_deliverability=False, allow_quoted_local=False, test_environment=True)
    except EmailNotValidError:
        found = None
    if found is None or "." not in found.ascii_domain or len(found.local_part) > LOCAL_PART_MOST or _CONTROL.search(typed):
        raise unfit("Write one e-mail address, like palesa@example.org.")
    return f"{found.local_part}@{found.ascii_domain.lower()}"


Name = Annotated[str, AfterValidator(_name)]
"""1-80 characters of any script, NFC, trimmed."""
Line = Annotated[str, AfterValidator(_line)]
"""One line; blank is None."""
Partner = Annotated[str, AfterValidator(_partner)]
Note = Annotated[str, AfterValidator(_note)]
"""Several lines; blank is None."""
Email = Annotated[str, AfterValidator(_email)]
