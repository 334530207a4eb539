"""Made-up people and what they fill in."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from shared.contracts.gateway import ConsentGiven, RegistrationSubmitted

AT = datetime(2020, 1, 20, 9, 0, tzinfo=UTC)


def submission(given_name: str = "Lerato", family_name: str = "Mokoena", **fields: Any) -> RegistrationSubmitted:
    """Return what somebody in Gauteng submits; contacts are given by the test."""
    usual: dict[str, Any] = {
        "submission_id": uuid4(),
        "submitted_at": AT,
        "way": "web",
        "country": "ZA",
        "province": "ZA-GP",
        "consent": ConsentGiven(registration=True, information=True),
        "consent_text_version": "2020-01",
    }
    return RegistrationSubmitted(given_name=given_name, family_name=family_name, **usual | fields)
