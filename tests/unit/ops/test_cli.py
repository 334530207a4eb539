"""The command line imports what is called for."""

import pytest

from ops.cli import COMMANDS, _called


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["announcement", "send", "import"], ["announcement"]),
        (["--json", "staff", "list"], ["staff"]),
        ([], list(COMMANDS)),
        (["--help"], list(COMMANDS)),
        (["nonsense"], list(COMMANDS)),
    ],
)
def test_only_the_command_that_is_called_is_imported(words: list[str], names: list[str]) -> None:
    assert list(_called(words)) == names
