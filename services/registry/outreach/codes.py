"""A partner's code: short, read aloud without mistaking it, unique whatever its case; its link, and the link as a picture."""

import io
import re
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    import segno

LETTERS, DIGITS = "FHKLMRTWY", "234679"
"""Signs that no other among them looks or sounds like, spoken in English or Sesotho; no vowels, so that no word comes about."""
SHAPE = re.compile(r"[A-Z0-9](?:-?[A-Z0-9]){2,23}")
MARGIN = 4
"""Empty modules around a QR code. Source: ISO/IEC 18004, section 6.3.8."""
PNG_PIXELS = 16
"""Of a module: printed a hand wide it is still sharp."""


def new_code() -> str:
    """Return a code of three letters and two digits, such as `MKR47`; the caller sees that it is new."""
    return "".join(secrets.choice(signs) for signs in (LETTERS, LETTERS, LETTERS, DIGITS, DIGITS))


def code_key(code: str) -> str:
    """Return what the spellings of one code have in common, as the database does it (`partner_key`)."""
    return re.sub(r"[^A-Za-z0-9]", "", code).upper()


def link(base_url: str, code: str) -> str:
    """Return the address of the form for those who come by a partner."""
    return f"{base_url}/register?partner={quote(code, safe='')}"


@lru_cache(maxsize=64)
def _qr(address: str) -> "segno.QRCode":
    import segno  # Only once somebody wants a picture: it holds 5 MB.

    return segno.make_qr(address, error="m")


@lru_cache(maxsize=64)
def svg(address: str) -> bytes:
    """Return an address as a QR code, in vectors; it may be put into a page as it is."""
    drawn = io.BytesIO()
    _qr(address).save(drawn, kind="svg", border=MARGIN, light="#fff", xmldecl=False, svgns=True, omitsize=True, nl=False)
    return drawn.getvalue()


@lru_cache(maxsize=64)
def png(address: str) -> bytes:
    """Return an address as a QR code, in pixels."""
    drawn = io.BytesIO()
    _qr(address).save(drawn, kind="png", border=MARGIN, scale=PNG_PIXELS)
    return drawn.getvalue()
