"""The registration's intake rules: `parse` a JSON body, `from_page` a form, `from_row` a sheet's row, then make its `submission`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from services.gateway.form import phones
from services.gateway.form.rules import MISSING, Circumstances, RegistrationForm
from services.gateway.form.sources import Fields, GivenTwice, Unreadable
from services.gateway.form.sources import from_json as _from_json
from services.gateway.form.sources import from_page as _from_page
from services.gateway.form.sources import from_row as _from_row
from shared import clock
from shared.contracts.gateway import ConsentProof, Language, RegistrationSubmitted, Way
from shared.errors import FieldError, Invalid
from shared.web.language import add_texts, mark, translate
from shared.web.wording import field_errors

ORIGIN = "LS"
_ORDER = {name: place for place, name in enumerate(RegistrationForm.model_fields)}
_NOT_AN_OBJECT = mark("Send one JSON object, in UTF-8.")
_TWICE = mark("One field is given twice. Give each once.")
_WHICH_NUMBER = mark("This number is right in two countries. Choose which one is yours.")


def parse(raw: bytes, language: Language = "en", *, origin: str = ORIGIN, telegram: bool = False) -> RegistrationForm:
    """Return the registration in a JSON body.

    Raises:
        Invalid: fields are missing or wrong, all of them named at once, in this language; or the body is no JSON object.
    """
    try:
        fields = _from_json(raw)
    except GivenTwice:
        raise Invalid(errors=[FieldError("", translate(language, _TWICE))]) from None
    except Unreadable:
        raise Invalid(errors=[FieldError("", translate(language, _NOT_AN_OBJECT))]) from None
    return check(fields, language, origin=origin, telegram=telegram)


def from_page(values: Mapping[str, Sequence[str]], language: Language = "en", *, origin: str = ORIGIN) -> RegistrationForm:
    """Return the registration in an HTML form's values.

    Raises:
        Invalid: as `parse`; and at `/phone_region` where the number has two valid readings and the person must choose.
    """
    form = check(_from_page(values), language, origin=origin)
    if form.phone is not None and form.phone.uncertain:
        raise Invalid(errors=[FieldError("/phone_region", translate(language, _WHICH_NUMBER))])
    return form


def from_row(row: Mapping[str, str | None], language: Language = "en", *, origin: str = ORIGIN) -> RegistrationForm:
    """Return the registration in a sheet's row, its columns named as the fields.

    Raises:
        Invalid: as `parse`; the pointers name columns.
    """
    return check(_from_row(row), language, origin=origin)


def check(fields: Fields, language: Language = "en", *, origin: str = ORIGIN, telegram: bool = False) -> RegistrationForm:
    """Return the registration in plain fields, as `parse` does with JSON.

    Raises:
        Invalid: as `parse`.
    """
    try:
        return RegistrationForm.model_validate(fields, context=Circumstances(origin, clock.now().year, telegram))
    except ValidationError as wrong:
        found = wrong.errors(include_url=False, include_input=False)
    errors = field_errors(found, language, missing=MISSING)
    errors.sort(key=lambda error: _ORDER.get(error.pointer.split("/")[1] if error.pointer else "", -1))
    raise Invalid(errors=errors)


def submission(
    form: RegistrationForm,
    *,
    submission_id: UUID,
    submitted_at: datetime,
    way: Way,
    import_id: UUID | None = None,
    proof: ConsentProof | None = None,
) -> RegistrationSubmitted:
    """Return the event of a registration."""
    return RegistrationSubmitted.model_validate(
        {
            **form.__dict__,
            "submission_id": submission_id,
            "submitted_at": submitted_at,
            "way": way,
            "import_id": import_id,
            "proof": proof,
            "phone": form.phone.e164 if form.phone else None,
            "phone_uncertain": form.phone.uncertain if form.phone else False,
            "whatsapp": form.whatsapp.e164 if form.whatsapp else None,
            "consent": form.consent.__dict__,
        }
    )


add_texts(Path(__file__).parent.parent)
phones.warm(("LS", "ZA"))
