"""Made-up people by number: requests, sheet rows and broker messages, cheap to make in any number. No I/O.

They differ as people do: one name for all would make every newcomer a likely double of everyone. Addresses are example.org's,
numbers lie in a block with a 0 after the operator's prefix, and nothing is ever sent anywhere but to loopback.
"""

import json
import zlib
from typing import Any

from ops.people import CITIES, CONSENT_TEXT_VERSION, FAMILIES, MEN, WOMEN
from shared.facts import areas

PATH = "/api/v1/registrations"
GIVEN = (*WOMEN, *MEN)
TOWNS = tuple((area.code, city) for area in areas() if area.kind == "province" for city in CITIES[area.code])
FIRST_PHONE = 710_000_000
"""South African mobile numbers from +27 71 000 0000 on: ten million of them, which is as many people as one run may have."""


def person(number: int, tag: str) -> dict[str, Any]:
    """Return one person's registration; tag and number together make the address, the number alone the phone."""
    email = f"{tag}{number:07d}@example.org"
    spread = zlib.crc32(email.encode())
    province, town = TOWNS[spread % len(TOWNS)]
    return {
        "given_name": GIVEN[spread % len(GIVEN)],
        "family_name": FAMILIES[spread // 64 % len(FAMILIES)],
        "birth_year": 1945 + spread // 4096 % 60,
        "email": email,
        "phone": f"+27{FIRST_PHONE + number}",
        "country": "ZA",
        "province": province,
        "city": town,
        "language": "en" if spread % 3 else "st",
        "interests": ["trade"],
        "channels": ["email"],
        "consent": {"registration": True, "information": True, "sharing": False},
        "consent_text_version": CONSENT_TEXT_VERSION,
    }


def body(number: int, tag: str) -> bytes:
    """Return the JSON of a registration, about 380 bytes."""
    return json.dumps(person(number, tag), ensure_ascii=False).encode()


COLUMNS = ("given_name", "family_name", "birth_year", "email", "phone", "country", "province", "city", "language", "interests", "channels")
HEADINGS = ",".join((*COLUMNS, "consent_registration", "consent_information", "consent_sharing", "consent_text_version"))


def sheet_row(number: int, tag: str) -> str:
    """Return a person as one line of a sheet under `HEADINGS`."""
    one = person(number, tag)
    cells = [";".join(one[name]) if isinstance(one[name], list) else str(one[name]) for name in COLUMNS]
    return ",".join((*cells, *("yes" if given else "no" for given in one["consent"].values()), one["consent_text_version"]))
