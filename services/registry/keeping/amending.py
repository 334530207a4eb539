"""What staff correct of a member: the same fields under the same rules as the member's own page, some of them or all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from services.registry import selfservice
from services.registry.corrections import DIVIDED, MISSING, Correction
from services.registry.model import Consent, Member
from services.registry.model.consents import UNNAMED_OFFICE
from shared.contracts.registry import MemberChanged
from shared.errors import FieldError, Invalid
from shared.identity import Identity
from shared.web.language import Language, mark
from shared.web.wording import field_errors, pointer

FIELDS = frozenset(Correction.model_fields)
NOT_HERE = mark("This cannot be changed here.")
NO_PROVINCE = mark("Choose a province only if you live in South Africa.")
WHOLE_NUMBER = mark("Use a whole number.")
WAY = "staff"


@dataclass(frozen=True)
class Amended:
    """What came of a correction by staff.

    Attributes:
        fields: what is different now, by name; empty for nothing.
        consents: records of consents that it ended.
    """

    fields: tuple[str, ...]
    consents: tuple[Consent, ...]
    changed: MemberChanged | None


def version_in(body: Mapping[str, Any]) -> int | None:
    """Return the version that a body names.

    Raises:
        Invalid: it is no version of ours.
    """
    version = body.get("version")
    if version is not None and (type(version) is not int or not 0 < version < 2**31):
        raise Invalid(errors=[FieldError("/version", WHOLE_NUMBER)])
    return version


def read(member: Member, body: Mapping[str, Any], *, origin: str, at: datetime, language: Language) -> Correction:
    """Return the member's fields as they would be with this correction.

    Raises:
        Invalid: a field is wrong, or is none that staff correct; all of them are named.
    """
    given = {name: value for name, value in body.items() if name in FIELDS}
    refused = [FieldError(pointer([name]), NOT_HERE) for name in body if name not in FIELDS and name != "version"]
    held = {name: getattr(member, name) for name in FIELDS}
    try:
        correction = Correction.model_validate(held | given, context={"origin": origin, "at": at})
    except ValidationError as error:
        # What stands in the record is not the caller's fault; only a province follows from another field.
        named = given.keys() | ({"province"} if "country" in given else set())
        wrong = field_errors([dict(each) for each in error.errors()], language, missing=MISSING)
        raise Invalid(errors=[*refused, *(each for each in wrong if each.pointer.split("/")[1] in named or not named)]) from None
    if given.get("province") and correction.country != DIVIDED:
        refused.append(FieldError("/province", NO_PROVINCE))
    if refused:
        raise Invalid(errors=refused)
    return correction


def amend(member: Member, correction: Correction, who: Identity, *, at: datetime) -> Amended:
    """Make the member what staff were told they are; who moves to another area ends the sharing, which is asked for anew."""
    wanted = correction.columns()
    fields = tuple(sorted(name for name in wanted if getattr(member, name) != wanted[name]))
    consents, changed = selfservice.correct(member, correction, at=at)
    for consent in consents:
        consent.way, consent.staff, consent.office = WAY, who.name or who.id, who.organisation or UNNAMED_OFFICE
    return Amended(fields, tuple(consents), changed)
