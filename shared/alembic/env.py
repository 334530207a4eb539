"""The one Alembic environment: runs a service's migrations on the connection that `shared.migrations` hands it."""

from alembic import context

from shared.migrations import LOCK_TIMEOUT_SECONDS

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
    context.run_migrations()
