"""The registry's pages: its templates in the shared frame. One for all routes, so that each template is read once."""

from pathlib import Path

from shared.web.pages import Pages

pages = Pages(Path(__file__).parent)
