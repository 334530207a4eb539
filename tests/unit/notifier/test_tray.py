"""What a sender has in hand."""

from uuid import UUID

from services.notifier.deliveries import Claimed
from services.notifier.tray import Held, Tray
from shared.clock import new_id, now


def held(name: str, *, urgent: bool = False) -> Held:
    nobody = UUID(int=0)
    template = "welcome" if urgent else "announcement"
    flags = (False, False, True, True, False)
    return Held(
        Claimed(new_id(), nobody, None, None, nobody, template, "en", f"{name}@Example.org", b"", urgent, 0, now(), "", "", None, *flags),
        1.0,
    )


def test_urgent_mails_lie_above_bulk_that_came_before_them() -> None:
    tray = Tray(urgent=10, bulk=10, least_bulk=10)
    mails = [held("news1"), held("news2"), held("welcome1", urgent=True), held("welcome2", urgent=True)]
    for each in mails:
        tray.put(each)
    tray.put_back(first := held("first"))
    assert [tray.take() for _ in range(6)] == [mails[2], mails[3], first, mails[0], mails[1], None]


def test_room_is_told_when_half_of_it_is_free() -> None:
    tray = Tray(urgent=4, bulk=4, least_bulk=4)
    assert tray.room == (4, 4)
    for _ in range(3):
        tray.put(held("news"))
    assert (tray.room, tray.full) == ((4, 0), False)
    tray.take()
    assert tray.room == (4, 2)
    for _ in range(4):
        tray.put(held("welcome", urgent=True))
    assert (tray.room, tray.full, len(tray), len(list(tray))) == ((0, 2), True, 6, 6)


def test_bulk_in_hand_is_a_second_s_worth() -> None:
    tray = Tray(urgent=10, bulk=500, least_bulk=20)
    assert tray.room[1] == 20

    def takes(count: int) -> int:
        for _ in range(count):
            tray.put(held("news"))
        for _ in range(count):
            tray.take()
        tray.pace(0.25)
        return tray.room[1]

    assert [takes(count) for count in (50, 1000, 10, 0)] == [200, 500, 40, 20]


def test_domain_is_in_lower_case() -> None:
    assert held("lerato").domain == "example.org"
