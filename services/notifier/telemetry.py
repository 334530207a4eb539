"""The notifier's own metrics."""

from prometheus_client import Counter, Gauge

MAILS = Counter("khokahano_mails_total", "Mails by template and what became of them.", ["template", "outcome"])
DUE = Gauge("khokahano_deliveries_due", "Deliveries whose time has come.")
OLDEST = Gauge("khokahano_deliveries_oldest_seconds", "How long the longest due delivery has waited past its time.")
CONNECTIONS = Gauge("khokahano_smtp_connections", "Connections to the mail server.")
