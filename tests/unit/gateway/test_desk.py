import re
from pathlib import Path

from services import gateway
from services.gateway.routes.desk import SHOWN


def test_every_place_that_staff_are_led_to_has_a_name() -> None:
    template = (Path(gateway.__file__).parent / "templates/desk.html").read_text()
    assert sorted(re.findall(r'^  "(/[^"]+)": _\(', template, re.MULTILINE)) == sorted(SHOWN)
