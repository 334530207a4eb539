"""A whole house for each test that asks for one."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from tests.faults.house import Between, House

if TYPE_CHECKING:
    from tests.conftest import Servers

OpenHouse = Callable[..., House]


@pytest.fixture(scope="session")
def soak() -> bool:
    """Whether the long cases run at their full length (`make soak`)."""
    return bool(os.environ.get("KHOKAHANO_SOAK"))


@pytest.fixture(scope="session")
def open_house(tmp_path_factory: pytest.TempPathFactory, servers: "Servers", keys: dict[str, str]) -> OpenHouse:
    """Make a house on the run's servers: `async with open_house(between=[…], without=[…], BATCH_SIZE="1") as house`."""

    def make(*, between: Sequence[Between] = (), without: Sequence[str] = (), on: "Servers | None" = None, **settings: str) -> House:
        return House(tmp_path_factory.mktemp("house"), on or servers, keys, between=between, without=without, settings=settings)

    return make
