"""A believable registration to change one thing in."""

import json
from typing import Any


def registration(**changed: Any) -> dict[str, Any]:
    """Return the fields of a whole registration, changed; None takes a field out."""
    fields: dict[str, Any] = {
        "given_name": "Palesa",
        "family_name": "Mokoena",
        "email": "palesa@example.org",
        "phone": "+27 71 000 0123",
        "country": "ZA",
        "province": "ZA-GP",
        "consent": {"registration": True, "information": True, "sharing": False},
        "consent_text_version": "2020-01",
    }
    return {name: value for name, value in (fields | changed).items() if value is not None}


def body(**changed: Any) -> bytes:
    """Return it as a JSON body."""
    return json.dumps(registration(**changed)).encode()
