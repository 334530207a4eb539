"""An e-mail address or a number as people write it, made what is kept. No I/O."""

from typing import Literal, NamedTuple

from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_valid_number, parse

from services.registry.matching import contact_key
from shared.errors import FieldError, Invalid
from shared.web.language import Language, mark, translate

Kind = Literal["email", "phone", "whatsapp"]
KINDS: tuple[Kind, ...] = ("email", "phone", "whatsapp")
REGIONS = ("ZA", "LS")
"""Where a number that is written without its country may belong."""
EMAIL_MOST = 254
"""RFC 5321, section 4.5.3.1.3: a path of 256 less its angle brackets."""
LOCAL_PART_MOST = 64
NUMBER_MOST = 40
NO_KIND = mark("Choose what it is.")
NO_EMAIL = mark("Write one e-mail address, like palesa@example.org.")
NO_NUMBER = mark("Write the number with its country code, like +27 71 000 0123 or +266 5000 0123.")


class Given(NamedTuple):
    """A contact as it is kept; `key` is what makes two the same."""

    kind: Kind
    value: str
    key: str


def read(kind: str, typed: str, language: Language) -> Given:
    """Return the contact that was typed.

    Raises:
        Invalid: it is none, or a number that is right in two countries.
    """
    known = next((each for each in KINDS if each == kind), None)
    if known is None:
        raise Invalid(errors=[FieldError("/kind", translate(language, NO_KIND))])
    if known == "email":
        if (address := email(typed)) is None:
            raise Invalid(errors=[FieldError("/value", translate(language, NO_EMAIL))])
        return Given(known, address, contact_key(known, address))
    found = numbers(typed)
    if len(found) != 1:
        raise Invalid(errors=[FieldError("/value", translate(language, NO_NUMBER))])
    return Given(known, found[0], contact_key(known, found[0]))


def email(typed: str) -> str | None:
    """Return one address, its domain in lower case and in ASCII (IDNA); None if it is none. Nothing is looked up."""
    text = typed.strip(" ")
    if not text or len(text) > EMAIL_MOST or not text.isprintable():
        return None
    try:
        found = validate_email(text, check_deliverability=False, allow_quoted_local=False, test_environment=True)
    except EmailNotValidError:
        return None
    fits = found.ascii_domain and "." in found.ascii_domain and len(found.local_part) <= LOCAL_PART_MOST
    return f"{found.local_part}@{found.ascii_domain.lower()}" if fits else None


def numbers(typed: str) -> list[str]:
    """Return the numbers, in E.164, that a spelling means in the countries that we know people of."""
    text = typed.strip()
    if not text or len(text) > NUMBER_MOST or any(sign.isalpha() or not sign.isprintable() for sign in text):
        return []
    found = []
    for region in REGIONS:
        try:
            number = parse(text, region)
        except NumberParseException:
            continue
        number.extension = None
        if is_valid_number(number):
            found.append(format_number(number, PhoneNumberFormat.E164))
    return list(dict.fromkeys(found))
