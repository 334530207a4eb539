from datetime import UTC, datetime

import pytest

from services.notifier.letters import last_day


@pytest.mark.parametrize(
    ("deadline", "english", "sesotho"),
    [
        (datetime(2020, 3, 26, tzinfo=UTC), "25 March 2020", "25 Hlakubele 2020"),
        (datetime(2020, 3, 26, 0, 0, 1, tzinfo=UTC), "26 March 2020", "26 Hlakubele 2020"),
        (datetime(2020, 3, 1, tzinfo=UTC), "29 February 2020", "29 Hlakola 2020"),
        (None, "", ""),
    ],
)
def test_last_day_is_one_on_which_the_link_still_works(deadline: datetime | None, english: str, sesotho: str) -> None:
    assert (last_day(deadline, "en"), last_day(deadline, "st")) == (english, sesotho)
