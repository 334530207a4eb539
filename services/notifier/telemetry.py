"""The notifier's own metrics."""

from collections import Counter as Count
from collections.abc import Iterable

from prometheus_client import Counter, Gauge

from services.notifier.deliveries import Outcome

MAILS = Counter("khokahano_mails_total", "Mails by template and what became of them.", ["template", "outcome"])
DUE = Gauge("khokahano_deliveries_due", "Deliveries whose time has come.")
OLDEST = Gauge("khokahano_deliveries_oldest_seconds", "How long the longest due delivery has waited past its time.")
CONNECTIONS = Gauge("khokahano_smtp_connections", "Connections to the mail server.")


def count(outcomes: Iterable[Outcome]) -> None:
    """Count what became of mails; what was only given back counts for nothing."""
    found = Count(
        (outcome.claimed.template, "put off" if outcome.status == "due" else outcome.status)
        for outcome in outcomes
        if outcome.status != "due" or outcome.reason
    )
    for labels, number in found.items():
        MAILS.labels(*labels).inc(number)
