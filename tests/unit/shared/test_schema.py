"""The revision that a service wants."""

import subprocess
import sys

import pytest
from alembic.script import ScriptDirectory

from shared import migrations, schema
from shared.topology import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_head_is_the_one_that_alembic_finds(service: str) -> None:
    assert schema.head(service) == ScriptDirectory.from_config(migrations._config(service)).get_current_head()


def test_serving_needs_no_alembic() -> None:
    """It would cost each of four processes seven megabytes for nothing."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, shared.service; print('alembic' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "False"
