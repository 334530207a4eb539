"""From a claimed delivery to what goes over the wire: the values of its template, its links, its one mailbox."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifier.addresses import Mailbox, mailbox
from services.notifier.deliveries import Claimed
from services.notifier.mails import Mails
from services.notifier.settings import NotifierSettings
from shared.contracts.gateway import Language
from shared.tokens import Purpose, mint

CONFIRM_LIFE = timedelta(days=30)
UNSUBSCRIBE_LIFE = timedelta(days=730)
# fmt: off
MONTHS: dict[Language, tuple[str, ...]] = {
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
    "st": ("Pherekhong", "Hlakola", "Hlakubele", "'Mesa", "Motšeanong", "Phupjane",
           "Phupu", "Phato", "Loetse", "Mphalane", "Pulungoana", "Tšitoe"),
}
# fmt: on


@dataclass(frozen=True)
class Letter:
    """A mail, ready to be sent."""

    mailbox: Mailbox
    mail: bytes


class Writer:
    """Writes letters: mints links, fills templates."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._base, self._keys = settings.khokahano_base_url, settings.link_keys
        self.mails = Mails(sender=settings.mail_from, domain=settings.mail_domain)

    def write(self, claimed: Claimed) -> Letter:
        """Return the letter of a delivery; its Message-ID is the delivery's id at every try.

        Raises:
            Unwritable: the address is not one mailbox.
        """
        to = mailbox(claimed.address)
        values = {name: self._value(name, claimed) for name in self.mails.names(claimed.template, claimed.language)}
        mail = self.mails.render(claimed.template, claimed.language, values, to=to.path, message_id=str(claimed.id), at=claimed.at)
        return Letter(to, mail)

    def _value(self, name: str, claimed: Claimed) -> str:
        member = claimed.member_id or claimed.cause
        match name:
            case "confirm":
                return self._link("confirm", claimed, expires_at=claimed.at + CONFIRM_LIFE)
            case "unsubscribe":
                return self._link("unsubscribe", claimed, expires_at=claimed.at + UNSUBSCRIBE_LIFE)
            case "speaker":
                expires_at = claimed.deadline or claimed.at
                return f"{self._base}/speaker/{mint(self._keys, 'speaker', member, expires_at=expires_at)}"
            case "deadline_en" | "deadline_st":
                return last_day(claimed.deadline, "st" if name.endswith("st") else "en")
            case "name" | "talk_title":
                return claimed.name if name == "name" else claimed.talk_title
        raise LookupError(f"the template {claimed.template} asks for {name}, which nobody fills")

    def _link(self, purpose: Purpose, claimed: Claimed, *, expires_at: datetime) -> str:
        subject = claimed.member_id or claimed.cause
        return f"{self._base}/{purpose}/{mint(self._keys, purpose, subject, contact=claimed.contact_id, expires_at=expires_at)}"


def last_day(deadline: datetime | None, language: Language) -> str:
    """Return the last day before a deadline in words, such as `8 April 2020`; empty for none. A deadline at midnight is over by then."""
    last = deadline - timedelta(microseconds=1) if deadline else None
    return f"{last.day} {MONTHS[language][last.month - 1]} {last.year}" if last else ""
