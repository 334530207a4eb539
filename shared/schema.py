"""Which revision of its database a service's code wants. Apart from `shared.migrations`, since a service that serves needs no Alembic."""

from functools import cache
from importlib.resources import files


@cache
def head(service: str) -> str:
    """Return the newest revision that this code knows: a migration is named after its revision, such as `0001_people.py`."""
    names = (file.name for file in (files(f"services.{service}") / "migrations").iterdir())
    return max((name.partition("_")[0] for name in names if name[:4].isdigit() and name.endswith(".py")), default="")
