"""Where members live: areas with targets, and the figures that outsiders see."""

from datetime import date

from sqlalchemy.orm import Mapped, mapped_column

from services.registry.model.base import Base

ELSEWHERE = "elsewhere"
"""Every country that is no area of its own."""
SMALLEST_SHOWN = 5
"""Figures below this are shown to outsiders as `small`, without a number."""


class Area(Base):
    """A province or country with a target of its own, in the order in which pages show them."""

    __tablename__ = "area"

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name_en: Mapped[str]
    name_st: Mapped[str | None]
    target: Mapped[int | None]
    position: Mapped[int]
    version: Mapped[int]

    def name(self, language: str) -> str:
        """Return the area's name; the English one where no Sesotho one is known."""
        return (self.name_st if language == "st" else None) or self.name_en


class Figure(Base):
    """How many members of an area had confirmed before a day began: what outsiders see all that day."""

    __tablename__ = "figure"

    day: Mapped[date] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(primary_key=True)
    confirmed: Mapped[int]
