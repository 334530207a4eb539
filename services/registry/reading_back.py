"""What staff read back to a member after recording an answer: the receipt of those whom no mail reaches. No I/O, no clock."""

from typing import NamedTuple

from services.registry.model import Consent
from services.registry.model.consents import UNNAMED_OFFICE
from shared.web.language import Language, mark, translate

SAID: dict[tuple[str, bool], str] = {
    ("registration", True): mark("You agreed that we keep what you told us."),
    ("information", True): mark("You agreed to receive information by %(channel)s."),
    ("information", False): mark("You want no more information by %(channel)s."),
    ("sharing", True): mark("You agreed that Lesotho's mission for your area sees your name, your contact details and your area."),
    ("sharing", False): mark("You want no mission to see your name, your contact details and your area."),
}
CHANNELS = {
    "email": mark("e-mail"),
    "whatsapp": mark("WhatsApp"),
    "telegram": mark("Telegram"),
    "sms": mark("SMS"),
    "call": mark("phone call"),
}
RECORDED = mark("%(office)s recorded it on %(day)s. The number of your receipt is %(number)s: I say it once more, %(number)s.")
CHANGE = mark("You can change your mind at any time: tell us this number, or look at your own page.")


class Receipt(NamedTuple):
    """A receipt to be read out.

    Attributes:
        text: in the member's language.
        mailed: it is also on its way by mail.
    """

    number: str
    text: str
    mailed: bool


def read_back(said: Consent, language: Language, *, mailed: bool) -> Receipt:
    """Return the receipt of a record that has its place in the ledger."""
    channel = translate(language, CHANNELS[said.channel]) if said.channel else ""
    sentence = translate(language, SAID[said.purpose, said.given], channel=channel)
    recorded = translate(language, RECORDED, office=said.office or UNNAMED_OFFICE, day=said.at.date().isoformat(), number=said.receipt)
    return Receipt(said.receipt, f"{sentence} {recorded} {translate(language, CHANGE)}", mailed)
