"""From a claimed delivery to what goes over the wire: the values of its template, its links, its one mailbox."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, get_args
from uuid import UUID

from services.notifier import receipts
from services.notifier.addresses import Mailbox, mailbox
from services.notifier.deliveries import Claimed
from services.notifier.mails import Mails, Prepared
from services.notifier.settings import NotifierSettings
from shared.contracts.gateway import Language
from shared.tokens import Purpose, mint

CONFIRM_LIFE = timedelta(days=30)
UNSUBSCRIBE_LIFE = timedelta(days=730)
MANAGE_LIFE = timedelta(minutes=30)
BRIEFING_LIFE = timedelta(days=90)
"""Associations and churches meet and decide in their own time."""
# fmt: off
MONTHS: dict[Language, tuple[str, ...]] = {
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
    "st": ("Pherekhong", "Hlakola", "Hlakubele", "'Mesa", "Motšeanong", "Phupjane",
           "Phupu", "Phato", "Loetse", "Mphalane", "Pulungoana", "Tšitoe"),
}
# fmt: on


MOST_ANNOUNCEMENTS = 16
"""Announcements whose words are kept ready; a forgotten one is read again when it is needed."""


class Letter(NamedTuple):
    """A mail, ready to be sent."""

    mailbox: Mailbox
    mail: bytes


class Writer:
    """Writes letters: mints links, fills templates.

    Attributes:
        announcements: what staff typed, by the announcement's id, written into its template for each language.
    """

    def __init__(self, settings: NotifierSettings) -> None:
        self._base, self._keys, self._domain = settings.khokahano_base_url, settings.link_keys, settings.mail_domain
        self.mails = Mails(sender=settings.mail_from, domain=settings.mail_domain)
        self.announcements: dict[UUID, dict[Language, Prepared]] = {}

    def learn(self, announcement: UUID, typed: Mapping[str, str]) -> None:
        """Take in what staff typed."""
        while len(self.announcements) >= MOST_ANNOUNCEMENTS:
            del self.announcements[next(iter(self.announcements))]
        languages: tuple[Language, ...] = get_args(Language)
        self.announcements[announcement] = {each: self.mails.prepared("announcement", each).filled(typed) for each in languages}

    def write(self, claimed: Claimed) -> Letter:
        """Return the letter of a delivery; its Message-ID is the delivery's id at every try.

        Raises:
            Unwritable: the address is not one mailbox.
        """
        to = mailbox(claimed.address)
        if claimed.template == "announcement":
            prepared = self.announcements[claimed.cause][claimed.language]
        else:
            prepared = self.mails.prepared(claimed.template, claimed.language)
        values = {name: self._value(name, claimed) for name in prepared.names}
        return Letter(to, prepared.mail(values, to=to.path, message_id=f"{claimed.id}@{self._domain}", at=claimed.at))

    def _value(self, name: str, claimed: Claimed) -> str:
        member = claimed.member_id or claimed.cause
        match name:
            case "confirm":
                return self._link("confirm", claimed, expires_at=claimed.at + CONFIRM_LIFE)
            case "unsubscribe":
                return self._link("unsubscribe", claimed, expires_at=claimed.at + UNSUBSCRIBE_LIFE)
            case "briefing":
                return self._link("briefing", claimed, expires_at=claimed.at + BRIEFING_LIFE)
            case "manage":
                token = mint(self._keys, "manage", member, contact=claimed.contact_id, expires_at=claimed.at + MANAGE_LIFE)
                return f"{self._base}/me/{token}"
            case "speaker":
                expires_at = claimed.deadline or claimed.at
                return f"{self._base}/speaker/{mint(self._keys, 'speaker', member, expires_at=expires_at)}"
            case "deadline_en" | "deadline_st":
                return last_day(claimed.deadline, "st" if name.endswith("st") else "en")
            case "office":
                return claimed.name
            case "said_en" | "said_st":
                return receipts.words(claimed.talk_title, "st" if name.endswith("st") else "en")
            case "day_en" | "day_st":
                return day_in_words(claimed.deadline, "st" if name.endswith("st") else "en")
            case "name" | "talk_title":
                return claimed.name if name == "name" else claimed.talk_title
        raise LookupError(f"the template {claimed.template} asks for {name}, which nobody fills")

    def _link(self, purpose: Purpose, claimed: Claimed, *, expires_at: datetime) -> str:
        subject = claimed.member_id or claimed.cause
        return f"{self._base}/{purpose}/{mint(self._keys, purpose, subject, contact=claimed.contact_id, expires_at=expires_at)}"


def last_day(deadline: datetime | None, language: Language) -> str:
    """Return the last day before a deadline in words, such as `8 April 2020`; empty for none. A deadline at midnight is over by then."""
    return day_in_words(deadline - timedelta(microseconds=1) if deadline else None, language)


def day_in_words(moment: datetime | None, language: Language) -> str:
    """Return a day such as `8 April 2020`; empty for none."""
    return f"{moment.day} {MONTHS[language][moment.month - 1]} {moment.year}" if moment else ""
