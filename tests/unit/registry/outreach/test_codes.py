"""A partner's code is short, clear to ear and eye, and one whatever its case; its link leads to the form."""

import re
import struct
import zlib
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

from services.registry.outreach import codes
from services.registry.outreach.fields import PartnerWanted

LINK = "https://khokahano.example.org/register?partner=MKR47"


def test_new_codes_are_short_clear_and_many() -> None:
    made = {codes.new_code() for _ in range(500)}
    assert len(made) > 450
    assert all(re.fullmatch("[FHKLMRTWY]{3}[234679]{2}", code) for code in made)


@pytest.mark.parametrize("spelled", ["MKR47", "mkr47", "mkr-47", " MKR 47 ", "Mkr_47"])
def test_spellings_of_a_code_are_one(spelled: str) -> None:
    assert codes.code_key(spelled) == "MKR47"


def test_link_leads_to_the_form_with_the_code() -> None:
    assert codes.link("https://khokahano.example.org", "LS-HC-PRETORIA") == "https://khokahano.example.org/register?partner=LS-HC-PRETORIA"
    assert codes.link("http://127.0.0.1:8080", "A&B").endswith("?partner=A%26B")


@pytest.mark.parametrize("code", ["AB", "-ABC", "ABC-", "A--BC", "AB C1", "TŠEPO", "x" * 30])
def test_code_of_another_shape_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        PartnerWanted(name="Mokhatlo", kind="association", code=code)


def modules_of_svg(drawn: bytes) -> set[tuple[int, int]]:
    """Return the dark modules of a picture in vectors (x, y)."""
    root = ElementTree.fromstring(drawn)  # Our own drawing.
    path = next(element for element in root.iter() if element.get("stroke") == "#000")
    dark: set[tuple[int, int]] = set()
    x = y = 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ]?(-?[\d.]+))?", path.get("d") or ""):
        if command == "h":
            dark.update((round(x) + each, int(y)) for each in range(int(float(first))))
            x += float(first)
        else:
            x, y = (x + float(first), y + float(second)) if command == "m" else (float(first), float(second))
    return dark


def modules_of_png(drawn: bytes) -> set[tuple[int, int]]:
    """Return the dark modules of a picture in pixels of one bit."""
    assert drawn.startswith(b"\x89PNG")
    width, height, depth, colour = struct.unpack(">IIBB", drawn[16:26])
    assert (depth, colour) == (1, 0)
    place, data = 8, b""
    while place < len(drawn):
        length, kind = struct.unpack(">I4s", drawn[place : place + 8])
        data += drawn[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += length + 12
    rows, stride = zlib.decompress(data), (width + 7) // 8 + 1
    lines: list[bytes] = []
    for line in range(height):
        how, *given = rows[line * stride : (line + 1) * stride]
        above = lines[-1][1:] if how == 2 else bytes(stride - 1)  # Filter type Up: what is different from the line above.
        lines.append(bytes([how, *((one + other) % 256 for one, other in zip(given, above, strict=True))]))
    assert {line[0] for line in lines} <= {0, 2}
    size, half = codes.PNG_PIXELS, codes.PNG_PIXELS // 2
    return {
        (x, y)
        for y in range(height // size)
        for x in range(width // size)
        if not lines[y * size + half][1 + (x * size + half) // 8] >> (7 - (x * size + half) % 8) & 1
    }


def test_both_pictures_hold_the_same_code() -> None:
    drawn = codes.svg(LINK)
    assert modules_of_svg(drawn) == modules_of_png(codes.png(LINK)) != set()
    assert ElementTree.fromstring(drawn).get("viewBox") == "0 0 41 41"  # Our own drawing.
    assert codes.svg(LINK) == drawn
    assert codes.svg(LINK.lower()) != drawn
