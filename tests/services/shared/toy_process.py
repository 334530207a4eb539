"""The toy service as a process of its own, to be killed: `python -m tests.services.shared.toy_process`, its settings from the environment.

With ONLY_RELAY set it consumes nothing.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvloop

from ops.processes import ROOT, Program
from shared.database import Database
from tests.services.shared.toy import Toy

SETTINGS = ("BATCH_SIZE", "CONSUMER_TIMEOUT_SECONDS")


@contextmanager
def toy_process(
    toy: Toy, log: Path, *, database_port: int = 0, broker_port: int = 0, only_relay: bool = False, batch: int = 100
) -> Iterator[Program]:
    """Run the toy as a process, through proxies where ports are given, until the block ends or somebody kills it."""
    environment = dict(os.environ) | {
        "DATABASE_URL": toy.database.engine.url.set(port=database_port or toy.database.engine.url.port).render_as_string(
            hide_password=False
        ),
        "RABBITMQ_URL": toy.broker_through(broker_port),
        "BATCH_SIZE": str(batch),
        "ONLY_RELAY": "1" if only_relay else "",
    }
    command = [sys.executable, "-m", "tests.services.shared.toy_process"]
    program = Program("toy", command, environment=environment, log=log, directory=ROOT)
    program.start()
    try:
        yield program
    finally:
        program.stop()


@asynccontextmanager
async def _told_to_stop() -> AsyncIterator[asyncio.Event]:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    yield told


async def main() -> None:
    """Relay and consume until told to stop."""
    settings = {name.lower(): os.environ[name] for name in SETTINGS if os.environ.get(name)}
    database = Database(os.environ["DATABASE_URL"], name="toy", timeout_seconds=5)
    toy = Toy(database, os.environ["RABBITMQ_URL"], settings=settings, consumes=not os.environ.get("ONLY_RELAY"))
    async with _told_to_stop() as told, toy.running():
        await told.wait()
    await database.close()


if __name__ == "__main__":
    uvloop.run(main())
