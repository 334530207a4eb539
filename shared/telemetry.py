"""Metrics, named `khokahano_<what>_<unit>`. Labels hold services, queues, outcomes: never an id, an address or a path."""

from prometheus_client import Counter, Gauge, Histogram

RELAYED = Counter("khokahano_messages_relayed_total", "Messages confirmed by the broker.", ["service"])
DELIVERIES = Counter("khokahano_deliveries_total", "Deliveries by what became of them.", ["queue", "fate"])
HANDLING = Histogram("khokahano_batch_handling_seconds", "Time from a batch's start to its commit.", ["queue"])
OUTBOX_ROWS = Gauge("khokahano_outbox_rows", "Announcements that wait for the broker.", ["service"])
OUTBOX_OLDEST = Gauge("khokahano_outbox_oldest_seconds", "Age of the oldest announcement that waits.", ["service"])
CONSUMERS_MISSING = Gauge("khokahano_consumers_missing", "Queues without the live consumer that this process should have.", ["service"])
REQUESTS = Counter("khokahano_http_requests_total", "Requests by route template and status.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram("khokahano_http_request_seconds", "Time to the end of the answer.", ["route"])
