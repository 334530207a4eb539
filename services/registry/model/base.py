"""The root of the registry's tables."""

from sqlalchemy.orm import DeclarativeBase

from shared.database import COLUMNS


class Base(DeclarativeBase):
    """The registry's tables."""

    type_annotation_map = COLUMNS
