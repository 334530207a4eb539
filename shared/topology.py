"""Who listens to what, and who owns which path: the two tables that join the services.

Every service declares all of the first table before it announces anything, so that an event waits for a listener that has never run.
Arguments of a live queue never change: a new tunable is a policy or a new name.
"""

from dataclasses import dataclass

from shared.contracts import forum, gateway, notifier, registry
from shared.contracts.base import Message

SERVICES = ("gateway", "registry", "notifier", "forum")
EXCHANGE = "khokahano"
LIVE_DELIVERY_LIMIT = 100
"""Returns of one delivery before the broker moves it to the dead queue. Stated: 3.10 knows no default, 4.x means 20."""
DEAD_DELIVERY_LIMIT = 1_000_000
"""A dead letter is looked at again and again (listing takes it and puts it back)."""


@dataclass(frozen=True)
class Listening:
    """One service's interest in one message.

    Attributes:
        batch: the most messages handled in one transaction; twice as many are prefetched.
    """

    listener: str
    message: type[Message]
    batch: int = 100

    @property
    def queue(self) -> str:
        """The queue's name, `listener:key`."""
        return f"{self.listener}:{self.message.key}"

    @property
    def dead_queue(self) -> str:
        """The name of the queue's dead letters."""
        return f"{self.queue}.dead"

    @property
    def arguments(self) -> dict[str, str | int]:
        """Arguments of the live queue. The broker's own dead-lettering serves only the delivery limit."""
        return {
            "x-queue-type": "quorum",
            "x-delivery-limit": LIVE_DELIVERY_LIMIT,
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": self.dead_queue,
            "x-dead-letter-strategy": "at-least-once",
        }

    @property
    def dead_arguments(self) -> dict[str, str | int]:
        """Arguments of the dead queue."""
        return {"x-queue-type": "quorum", "x-delivery-limit": DEAD_DELIVERY_LIMIT}


LISTENINGS = (
    Listening("registry", gateway.RegistrationSubmitted),
    Listening("registry", gateway.ContactConfirmed),
    Listening("registry", gateway.ContactDisowned),
    Listening("registry", gateway.ConsentWithdrawn),
    Listening("registry", notifier.ContactUndeliverable),
    Listening("registry", gateway.SharingWithdrawn),
    Listening("registry", gateway.ManageLinkRequested),
    Listening("registry", gateway.ErasureRequested),
    Listening("registry", gateway.BriefingAnswered),
    Listening("registry", gateway.ErasureCompleted),
    Listening("registry", notifier.ErasureCompleted),
    Listening("registry", forum.ErasureCompleted),
    Listening("notifier", registry.MemberRegistered),
    Listening("notifier", registry.MemberChanged),
    Listening("notifier", registry.MembersMerged),
    Listening("notifier", registry.MembersParted),
    Listening("notifier", registry.RegistrationRepeated),
    Listening("notifier", registry.MemberErased),
    Listening("notifier", registry.ConsentRecorded),
    Listening("notifier", registry.ManageLinkDecided),
    Listening("notifier", registry.ContactsChanged),
    Listening("notifier", registry.PartnerBriefed),
    Listening("notifier", gateway.ContactConfirmed),
    Listening("notifier", gateway.ContactDisowned),
    Listening("notifier", gateway.ConsentWithdrawn),
    Listening("notifier", forum.SpeakerInvited),
    Listening("notifier", forum.SpeakerConfirmed),
    Listening("notifier", forum.SpeakerDeclined),
    Listening("notifier", forum.TeamChanged),
    Listening("forum", gateway.InvitationAnswered),
    Listening("forum", registry.MemberErased),
    Listening("gateway", registry.RegistrationsProcessed),
    Listening("gateway", registry.MemberErased),
)

ROUTES = {
    "/api/v1/members": "registry",
    "/api/v1/audit": "registry",
    "/api/v1/transfers": "registry",
    "/api/v1/consent-roots": "registry",
    "/api/v1/duplicates": "registry",
    "/api/v1/merges": "registry",
    "/api/v1/coverage": "registry",
    "/api/v1/targets": "registry",
    "/api/v1/partners": "registry",
    "/api/v1/key-people": "registry",
    "/api/v1/calls": "registry",
    "/api/v1/follow-ups": "registry",
    "/confirm": "registry",
    "/briefing": "registry",
    "/me": "registry",
    "/erased": "registry",
    "/api/v1/deliveries": "notifier",
    "/api/v1/suppressions": "notifier",
    "/unsubscribe": "notifier",
    "/api/v1/speakers": "forum",
    "/api/v1/team": "forum",
    "/speaker": "forum",
}
"""Path prefix → the service that owns what is looked at there. The gateway proxies it; what people *submit* is the gateway's own."""


def listening(listener: str, message: type[Message]) -> Listening:
    """Return the table's row.

    Raises:
        LookupError: the table does not say that this service listens to this message.
    """
    for row in LISTENINGS:
        if (row.listener, row.message) == (listener, message):
            return row
    raise LookupError(f"{listener} does not listen to {message.key}: add it to shared/topology.py")


def by_queue(queue: str) -> Listening:
    """Return the row of a live or dead queue's name.

    Raises:
        LookupError: no such queue.
    """
    for row in LISTENINGS:
        if queue in (row.queue, row.dead_queue):
            return row
    raise LookupError(f"there is no queue {queue}")
