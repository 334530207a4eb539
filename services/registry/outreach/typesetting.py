"""The process that sets one PDF: HTML on standard input, the file on standard output.

It fetches nothing but the fonts beside this module, is given no secrets, and limits itself first. The same HTML gives the same bytes.
"""

import resource
import sys
from pathlib import Path

from weasyprint import HTML  # type: ignore[import-untyped]  # It ships no types.
from weasyprint.urls import URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]

FONTS = {f"fonts:{file.name}": file for file in sorted((Path(__file__).parent / "fonts").glob("*.ttf"))}
MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 30
FILE_BYTES = 4 * 1024 * 1024
"""Fonts are unpacked into a temporary folder."""
IDENTIFIER = b"khokahano"
"""Else each file would have a number of its own."""


class OnlyFonts(URLFetcher):  # type: ignore[misc]
    """Gives our own fonts; any other address is refused, whoever asks for it."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """Return a font.

        Raises:
            ValueError: the address is none of our fonts'.
        """
        if url not in FONTS:
            raise ValueError("only our own fonts are fetched")
        return URLFetcherResponse(url, FONTS[url].read_bytes(), {"content-type": "font/ttf"})


def typeset(page: str) -> bytes:
    """Return a page as PDF, tagged for screen readers."""
    made: bytes = HTML(string=page, url_fetcher=OnlyFonts()).write_pdf(pdf_identifier=IDENTIFIER, pdf_tags=True)
    return made


def main() -> None:
    """Set one PDF."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    sys.stdout.buffer.write(typeset(sys.stdin.buffer.read().decode()))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
