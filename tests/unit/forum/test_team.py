"""The forum team's addresses."""

from services.forum.model import Team, each_once
from shared.contracts.forum import TeamChanged


def test_team_names_each_address_once() -> None:
    emails = ["desk@example.org", "Lerato@example.org", "DESK@example.org", "lerato@Example.org", "desk@example.org"]
    assert each_once(emails) == ["desk@example.org", "Lerato@example.org"]


def test_team_first_is_announced_whole() -> None:
    assert Team.first(["desk@example.org", "Desk@example.org"]).changed() == TeamChanged(version=1, emails=("desk@example.org",))


def test_team_become_raises_the_version() -> None:
    team = Team.first(["desk@example.org"])
    assert team.become(["lerato@example.org"]) == TeamChanged(version=2, emails=("lerato@example.org",))


def test_team_become_the_same_announces_nothing() -> None:
    team = Team.first(["desk@example.org"])
    assert team.become(["desk@example.org", "DESK@example.org"]) is None
    assert team.version == 1


def test_team_become_empty_is_announced() -> None:
    assert Team.first(["desk@example.org"]).become([]) == TeamChanged(version=2, emails=())
