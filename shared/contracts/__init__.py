"""The published language: every message that crosses RabbitMQ, one class each, by the service that owns it."""
