"""Private servers for `make run` and the tests: on loopback, on free ports, with data and secrets of their own."""

from ops.servers.mail import MailCatcher
from ops.servers.postgresql import PostgreSQL, postgresql_folder
from ops.servers.rabbitmq import RabbitMQ, rabbitmq_folder

__all__ = ["MailCatcher", "PostgreSQL", "RabbitMQ", "postgresql_folder", "rabbitmq_folder"]
