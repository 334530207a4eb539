import re
from pathlib import Path

from pydantic import SecretStr

from ops.services import LOCAL_NAMES, SETTINGS

TEXT = (Path(__file__).parents[3] / ".env.example").read_text()
LINES = dict(re.findall(r"^(#?[A-Z][A-Z0-9_]+)=(.*)$", TEXT, re.MULTILINE))
FIELDS = {name.upper(): field for settings in SETTINGS.values() for name, field in settings.model_fields.items()}


def test_every_setting_is_listed_once_and_no_other() -> None:
    listed = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", TEXT, re.MULTILINE)
    assert sorted(listed) == sorted([*FIELDS, *LOCAL_NAMES])


def test_settings_without_a_default_are_the_ones_to_fill_in() -> None:
    assert {name for name in LINES if not name.startswith("#")} == {name for name, field in FIELDS.items() if field.is_required()}


def test_defaults_are_the_code_s() -> None:
    def written(value: object) -> str:
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        return "" if plain is None or plain == [] else str(plain)

    expected = {
        f"#{name}": written(field.get_default(call_default_factory=True)) for name, field in FIELDS.items() if not field.is_required()
    }
    assert {name: value for name, value in LINES.items() if name.startswith("#") and name[1:] in FIELDS} == expected
