"""What a sender has in hand and no connection has taken yet. What is urgent lies on top, however much bulk lies below."""

from collections import deque
from collections.abc import Iterator

from services.notifier.deliveries import Claimed


class Held:
    """A claimed delivery in this process's hands.

    Attributes:
        good_until: when its lease ends, by this process's monotonic clock; never later than by the database's.
        domain: the mail domain it goes to.
    """

    __slots__ = ("claimed", "domain", "good_until")

    def __init__(self, claimed: Claimed, good_until: float) -> None:
        self.claimed, self.good_until = claimed, good_until
        self.domain = claimed.address.rpartition("@")[2].lower()


class Tray:
    """Mails that wait for a connection.

    Args:
        urgent: how many transactional mails are in hand at most; what was on its way when it filled may come on top.
        bulk: how many others are in hand at most.
        least_bulk: how many others there is room for however slowly they go.
    """

    def __init__(self, *, urgent: int, bulk: int, least_bulk: int) -> None:
        self._urgent, self._bulk = deque[Held](), deque[Held]()
        self._most_urgent, self._most_bulk, self._least_bulk = urgent, bulk, min(least_bulk, bulk)
        self._bulk_room, self._bulk_taken = self._least_bulk, 0

    def __len__(self) -> int:
        return len(self._urgent) + len(self._bulk)

    def __iter__(self) -> Iterator[Held]:
        yield from self._urgent
        yield from self._bulk

    @property
    def room(self) -> tuple[int, int]:
        """How many urgent and how many bulk mails to look for; none of a kind while more than half of its room is taken."""
        return _room(self._urgent, self._most_urgent), _room(self._bulk, self._bulk_room)

    @property
    def full(self) -> bool:
        """Whether there are as many urgent mails in hand as there should be."""
        return len(self._urgent) >= self._most_urgent

    def put(self, held: Held) -> None:
        """Lay a mail on its heap."""
        (self._urgent if held.claimed.transactional else self._bulk).append(held)

    def take(self) -> Held | None:
        """Return the next mail, if there is any."""
        if self._urgent:
            return self._urgent.popleft()
        if self._bulk:
            self._bulk_taken += 1
            return self._bulk.popleft()
        return None

    def pace(self, seconds: float) -> None:
        """Have room for about a second's worth of bulk, by what was taken in these seconds.

        Whether somebody agrees to information is looked at when a mail comes to hand; the less there is in hand, the sooner a
        withdrawal holds.
        """
        self._bulk_room = min(max(self._least_bulk, round(self._bulk_taken / seconds)), self._most_bulk)
        self._bulk_taken = 0

    def put_back(self, held: Held) -> None:
        """Lay back on top what was taken and not sent."""
        (self._urgent if held.claimed.transactional else self._bulk).appendleft(held)


def _room(heap: deque[Held], most: int) -> int:
    return most - len(heap) if 2 * len(heap) <= most else 0
