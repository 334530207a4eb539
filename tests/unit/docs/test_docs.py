"""What the documents say is there, is there."""

import re
from pathlib import Path

import pytest

from ops.cli import COMMANDS
from ops.services import LOCAL_NAMES, names
from shared.topology import LISTENINGS, ROUTES

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ONE_SCREEN = 60
"""Lines of a page that is read without scrolling much."""
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SETTING = re.compile(r"`([A-Z]{2,}(?:_[A-Z]+)+)(?:=[^`]*)?`")
NO_SETTINGS = {"NAME_FILE", "OWN_NAMES"}
"""Looks like settings: the pattern of one, and a constant."""


def page_name(page: Path) -> str:
    """Return a page's path in the repository."""
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    lost = []
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_make_targets_of_a_page_are_in_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(), re.MULTILINE))
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_commands_of_a_page_are_commands(page: Path) -> None:
    named = set(re.findall(r"(?:^|`|bin/)khokahano ([a-z][a-z-]+)", page.read_text(), re.MULTILINE))
    assert named - set(COMMANDS) == set()


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_settings_of_a_page_are_read_by_somebody(page: Path) -> None:
    named = set(SETTING.findall(page.read_text()))
    assert named - {*names(), *LOCAL_NAMES} - NO_SETTINGS == set()


def test_readme_names_the_two_commands_and_fits_one_screen() -> None:
    readme = (ROOT / "README.md").read_text()
    assert {"run", "test"} <= set(re.findall(r"^make ([a-z]+)", readme, re.MULTILINE))
    assert len(readme.splitlines()) <= ONE_SCREEN


def test_readme_leads_from_the_topology_to_a_test() -> None:
    order = re.findall(r"^\d\. \[`([^`]+)`\]", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert order[0] == "shared/topology.py"
    assert order[1].startswith("shared/contracts/")
    assert order[-1].startswith("tests/")


def test_runbook_names_metrics_queues_and_paths_that_are_there() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text()
    source = "\n".join(path.read_text() for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py"))
    assert [metric for metric in set(re.findall(r"khokahano_\w+", runbook)) if f'"{metric}"' not in source] == []
    assert set(re.findall(r"--queue (\S+)", runbook)) <= {row.queue for row in LISTENINGS}
    announced = set(re.findall(r"announce-again (\S+) --to (\w+)", runbook))
    assert announced <= {(row.message.key, row.listener) for row in LISTENINGS}
    assert set(re.findall(r"`(?:GET|PUT) (/api/[^`?]+)", runbook)) <= set(ROUTES)


def test_decisions_are_numbered_without_a_gap_and_take_a_page_each() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in decisions] == list(range(1, len(decisions) + 1))
    for page in decisions:
        text = page.read_text()
        assert text.startswith(f"# {int(page.name[:4])}. ")
        assert len(text.splitlines()) <= ONE_SCREEN


def test_changelog_keeps_what_is_unreleased_apart() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_pages_are_about_made_up_people_only() -> None:
    addresses = {address for page in PAGES for address in re.findall(r"[\w.+-]+@([\w-]+\.[\w.-]+\w)", page.read_text())}
    assert {address for address in addresses if address not in ("example.org", "example.com", "example.net")} == set()
