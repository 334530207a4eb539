"""A sender as a process of its own, for tests that stop it with SIGSTOP or kill it: `python -m tests.services.notifier.one_sender`."""

import asyncio
import signal

from services.notifier.sender import Sender
from services.notifier.settings import load
from shared.database import Database


async def main() -> None:
    """Send until told to stop."""
    settings, stopping = load(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    database = Database(settings.notifier_database_url, name="notifier")
    await Sender(settings, database).run(stopping)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
