"""Rights: what changes them, and what a secret leaves behind."""

from typing import Any
from uuid import uuid4

import pytest

from services.gateway.model import Staff, hashed, new_secret
from services.gateway.staff import Rights, checked
from shared.clock import now


def person(**fields: Any) -> Staff:
    return Staff(
        **{"id": uuid4(), "email": "mpho@example.org", "role": "officer", "areas": [], "organisation": "IOM", "disabled_at": None} | fields
    )


@pytest.mark.parametrize(
    ("before", "changed"),
    [({}, False), ({"role": "viewer"}, True), ({"areas": ["BW"]}, True), ({"organisation": ""}, True), ({"disabled_at": now()}, True)],
)
def test_other_rights_are_a_change(before: dict[str, Any], changed: bool) -> None:
    mpho = person(**before)
    assert mpho.change(role="officer", areas=[], organisation="IOM") is changed
    assert (mpho.role, mpho.areas, mpho.organisation, mpho.disabled_at) == ("officer", [], "IOM", None)


def test_rights_are_put_in_order() -> None:
    assert checked(Rights("mission", ("bw", " ZA-GP", "BW"), " Consulate ")) == Rights("mission", ("BW", "ZA-GP"), "Consulate")


def test_secrets_are_long_and_only_hashes_are_kept() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {43}
    assert {len(hashed(secret)) for secret in secrets} == {32}
