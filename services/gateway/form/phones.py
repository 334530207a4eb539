"""Phone numbers in any spelling, read by the residence's region, else by the country of origin's (a Lesotho SIM in Gauteng)."""

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumberDesc,
    PhoneNumberFormat,
    PhoneNumberType,
    country_code_for_region,
    format_number,
    number_type,
    parse,
    region_codes_for_country_code,
)

from shared.web.wording import unfit

LENGTH_MOST = 40
"""Characters of any spelling; E.164 has at most 15 digits."""
_PERSONAL = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
"""Numbers at which a person answers; a premium number would cost whoever calls it."""


class Number(NamedTuple):
    """A number as it is kept.

    Attributes:
        e164: international, digits only after the `+`.
        uncertain: two countries' readings were valid and nobody chose; nothing is written to it until confirmed.
    """

    e164: str
    uncertain: bool = False


class Reading(NamedTuple):
    """What a spelling means in one region."""

    region: str
    e164: str

    @property
    def shown(self) -> str:
        """The number as people read it; only the page that asks which one was meant shows it."""
        return shown(self.e164)


def warm(regions: Iterable[str]) -> None:
    """Load these regions' numbering plans now, and not in somebody's request."""
    for region in regions:
        plan(region)


@cache
def plan(region: str) -> re.Pattern[str] | None:
    """Return what numbers of persons in this region look like in E.164; None if it shares its country code, or is no region.

    What matches is a number that the library would read as it is, which takes it twenty times as long; of the rest this says nothing.
    """
    code, metadata = country_code_for_region(region), PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or region_codes_for_country_code(code) != (region,):
        return None
    personal = _spelt(metadata.fixed_line, metadata.mobile, metadata.voip, metadata.personal_number)
    others = (metadata.premium_rate, metadata.toll_free, metadata.shared_cost, metadata.pager, metadata.uan, metadata.voicemail)
    # What begins with a zero or a national prefix is not yet the number: the library decides what to take off.
    never = "|".join(["0", *filter(None, [metadata.national_prefix_for_parsing]), *_spelt(*others)])
    possible = "|".join(_spelt(metadata.general_desc))
    return re.compile(rf"\+{code}(?!{never})(?={possible})(?:{'|'.join(personal)})") if personal else None


def _spelt(*kinds: PhoneNumberDesc | None) -> list[str]:
    """Return a pattern for each kind that there is, up to the number's end."""
    known = [kind for kind in kinds if kind is not None and kind.national_number_pattern]
    lengths = ["|".join(f"[0-9]{{{length}}}" for length in kind.possible_length) for kind in known]
    return [rf"(?=(?:{length})\Z)(?:{kind.national_number_pattern})\Z" for length, kind in zip(lengths, known, strict=True)]


def readings(spelling: str, regions: Iterable[str]) -> list[Reading]:
    """Return the valid readings of a spelling, one a different number, in the regions' order.

    A spelling with `+` and its country code reads the same everywhere.
    """
    typed, asked = spelling.strip(" "), list(dict.fromkeys(regions))
    if len(typed) > LENGTH_MOST:
        return []
    if typed.startswith(("+", "\uff0b")):
        e164 = typed.replace(" ", "")
        if any(known.match(e164) for region in asked if (known := plan(region))):
            return [Reading(asked[0], e164)]
        asked = asked[:1]
    if any(letter.isalpha() or not letter.isprintable() for letter in typed.replace("\u00a0", " ")):
        return []
    found: dict[str, Reading] = {}
    for region in asked:
        try:
            number = parse(typed, region)
        except NumberParseException:
            continue
        if number_type(number) in _PERSONAL:
            number.extension = None
            e164 = format_number(number, PhoneNumberFormat.E164)
            found.setdefault(e164, Reading(region, e164))
    return list(found.values())


def shown(e164: str) -> str:
    """Return a number as people read it: `+266 5000 0123`."""
    return format_number(parse(e164), PhoneNumberFormat.INTERNATIONAL)


def read(spelling: str, residence: str | None, origin: str, chosen: str | None) -> Number:
    """Return the number meant.

    Args:
        residence: the country lived in; None where it is not known (then the origin alone counts).
        chosen: the region the person picked among the readings.

    Raises:
        PydanticCustomError: no reading is valid.
    """
    found = readings(spelling, [region for region in (residence, origin) if region])
    if not found:
        raise unfit("Write the number with its country code, like +27 71 000 0123 or +266 5000 0123.")
    picked = next((reading for reading in found if reading.region == chosen), None)
    return Number((picked or found[0]).e164, uncertain=len(found) > 1 and picked is None)
