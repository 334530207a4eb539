"""One mail domain in trouble slows itself alone: when its mails are put off, and how it comes back. Pure; the clock is given."""

import math
from dataclasses import dataclass

STRIKES = 3
"""Troubles in a row, without one success between, before a domain is paused: one bad answer among many pauses nobody."""
FIRST_SLOTS = 2
"""Mails let through in the first stretch after a pause; the first of all is the probe."""


RECOVERY_STRETCHES = 10
"""After so many stretches without trouble a domain is like any other: by then a thousand mails were let through."""


@dataclass
class Domain:
    """What was seen of one domain lately.

    Attributes:
        strikes: troubles in a row.
        paused_until: in the clock's seconds; 0 if it never was.
        given: slots that were given to mails since the pause began.
        admitted: mails let through since it ended.
    """

    strikes: int = 0
    paused_until: float = 0.0
    given: int = 0
    admitted: int = 0


class Domains:
    """The domains that are in trouble, as this process sees them; each copy of the sender learns by itself.

    Args:
        first_pause_seconds: the pause after the third trouble in a row; it doubles with each further one. After a pause the rate of the
            domain's mails doubles in each stretch of this length, so that a restart is no flood.
    """

    def __init__(self, *, first_pause_seconds: float, longest_pause_seconds: float) -> None:
        self._first, self._longest = first_pause_seconds, longest_pause_seconds
        self._known: dict[str, Domain] = {}

    def __len__(self) -> int:
        return len(self._known)

    def put_off_seconds(self, domain: str, at: float) -> float | None:
        """Return how long this mail has to wait, or None if it may go now. Each call takes a slot."""
        known = self._known.get(domain)
        if known is None or not known.paused_until:
            return None
        since = at - known.paused_until
        if since >= 0:
            if not known.strikes and since > RECOVERY_STRETCHES * self._first:
                del self._known[domain]
                return None
            if self._slot_seconds(known.admitted) <= since:
                known.admitted += 1
                return None
        known.given = max(known.given, known.admitted)
        wait = self._slot_seconds(known.given) - since
        known.given += 1
        return max(wait, 0.0)

    def trouble(self, domain: str, at: float) -> float:
        """Note a trouble and return the seconds that the domain is paused for now, 0 if it is not."""
        known = self._known.setdefault(domain, Domain())
        if known.paused_until > at:
            return known.paused_until - at  # What was under way when the pause began says nothing new.
        known.strikes += 1
        if known.strikes < STRIKES:
            return 0.0
        pause = min(self._first * 2.0 ** (known.strikes - STRIKES), self._longest)
        known.paused_until, known.given, known.admitted = at + pause, 0, 0
        return pause

    def success(self, domain: str) -> None:
        """Note that the domain took a mail; after a pause it still gets its mails slowly at first."""
        known = self._known.get(domain)
        if known is None:
            return
        if known.paused_until:
            known.strikes = 0
        else:
            del self._known[domain]

    def _slot_seconds(self, position: int) -> float:
        """Return how long after the pause's end the mail at this position may go: the first at once, then ever more a second."""
        return self._first * math.log2(1 + position / FIRST_SLOTS)
