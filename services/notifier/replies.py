"""What a mail server's answer means for one mail, its address, its domain and the server itself. Pure."""

import re
from enum import Enum
from typing import NamedTuple

_ENHANCED = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_GREYLISTED = re.compile(r"gr[ae]y-?\s?list", re.IGNORECASE)
_POLICY = re.compile(
    r"spam|policy|block|black|deny|denied|reputation|relay|listed|banned|reject(?:ed)? due|dmarc|spf|dkim|unsolicited", re.IGNORECASE
)
"""Words of servers that refuse us, not the address."""
GONE = frozenset({550, 551, 553, 556})
"""Replies to RCPT that mean *no such mailbox* where no enhanced code says more. Source: RFC 5321, section 4.2.3; RFC 7504."""
GONE_DETAILS = frozenset({"1", "2", "3", "6", "10"})
"""Details of 5.1.x that are about the recipient's address. Source: RFC 3463, section 3.2; RFC 7505 (null MX)."""
LONGEST_REASON = 120


class Fate(Enum):
    """What becomes of a mail."""

    SENT = "sent"
    AGAIN = "again"
    """Tried again on this mail's own schedule."""
    DOMAIN_TROUBLE = "domain trouble"
    """Tried again, and its domain is slowed."""
    SERVER_TROUBLE = "server trouble"
    """Our own mail server cannot or will not take mail: nothing is this mail's fault, and no attempt is spent."""
    GONE = "gone"
    """The address does not exist: it is not written to again."""
    REFUSED = "refused"
    """This mail failed, and says nothing about the address."""


class Reply(NamedTuple):
    """One answer of an SMTP server; of several lines the texts are joined."""

    code: int
    text: str = ""

    @property
    def enhanced(self) -> tuple[str, str] | None:
        """Subject and detail of the enhanced status code, if there is one of the reply's own class. Source: RFC 2034."""
        found = _ENHANCED.match(self.text)
        return (found[2], found[3]) if found and found[1] == str(self.code)[:1] else None

    @property
    def reason(self) -> str:
        """The codes alone: servers quote addresses in their texts, and a reason is kept and shown."""
        return f"{self.code} {'.'.join((str(self.code)[0], *self.enhanced))}" if self.enhanced else str(self.code)


def to_sender(reply: Reply) -> Fate | None:
    """Judge the answer to MAIL FROM; None if the conversation goes on. A sender that is refused is our trouble, not the recipient's."""
    return None if reply.code == 250 else Fate.SERVER_TROUBLE


def to_recipient(reply: Reply) -> Fate | None:
    """Judge the answer to RCPT TO; None if the conversation goes on."""
    if reply.code in (250, 251):
        return None
    if 400 <= reply.code < 500:
        return _for_now(reply)
    return _for_good(reply, at_recipient=True)


def to_data(reply: Reply) -> Fate | None:
    """Judge the answer to DATA; None if the body may go."""
    if reply.code == 354:
        return None
    return _for_now(reply) if 400 <= reply.code < 500 else _for_good(reply, at_recipient=False)


def to_body(reply: Reply) -> Fate:
    """Judge the answer to the final dot."""
    if 200 <= reply.code < 300:
        return Fate.SENT
    return _for_now(reply) if 400 <= reply.code < 500 else _for_good(reply, at_recipient=False)


def _for_now(reply: Reply) -> Fate:
    if reply.code == 421:
        return Fate.DOMAIN_TROUBLE
    if _GREYLISTED.search(reply.text):
        return Fate.AGAIN
    match reply.enhanced:
        case ("1" | "2" | "6", _):
            return Fate.AGAIN
        case None if reply.code == 450:
            return Fate.AGAIN  # Without more words: this mailbox is busy. Source: RFC 5321, section 4.2.3.
    return Fate.DOMAIN_TROUBLE


def _for_good(reply: Reply, *, at_recipient: bool) -> Fate:
    match reply.enhanced:
        case ("1", detail) if detail in GONE_DETAILS:
            return Fate.GONE
        case ("2", "1"):
            return Fate.GONE if at_recipient else Fate.REFUSED
        case ("0", "0") | None:
            gone = at_recipient and reply.code in GONE and not _POLICY.search(reply.text)
            return Fate.GONE if gone else Fate.REFUSED
    return Fate.REFUSED
