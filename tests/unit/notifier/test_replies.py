"""What a server's answer means."""

import pytest

from services.notifier.replies import Fate, Reply, to_body, to_data, to_recipient, to_sender


@pytest.mark.parametrize(
    ("reply", "fate"),
    [
        (Reply(250, "2.1.5 OK"), None),
        (Reply(251, "will forward"), None),
        (Reply(550, "5.1.1 no such user"), Fate.GONE),
        (Reply(550, "no such user"), Fate.GONE),
        (Reply(551, "user not local"), Fate.GONE),
        (Reply(553, "5.1.3 bad address"), Fate.GONE),
        (Reply(550, "5.2.1 mailbox disabled"), Fate.GONE),
        (Reply(556, "domain takes no mail"), Fate.GONE),
        (Reply(550, "5.7.1 blocked by policy"), Fate.REFUSED),
        (Reply(550, "Relaying denied"), Fate.REFUSED),
        (Reply(550, "your IP is listed at example.net"), Fate.REFUSED),
        (Reply(552, "5.2.2 mailbox full"), Fate.REFUSED),
        (Reply(554, "transaction failed"), Fate.REFUSED),
        (Reply(550, "5.4.1 no answer from host"), Fate.REFUSED),
        (Reply(450, "4.7.1 Greylisted, try again"), Fate.AGAIN),
        (Reply(451, "graylisted"), Fate.AGAIN),
        (Reply(452, "4.2.2 mailbox full"), Fate.AGAIN),
        (Reply(450, "mailbox busy"), Fate.AGAIN),
        (Reply(451, "4.3.2 not now"), Fate.DOMAIN_TROUBLE),
        (Reply(451, "local error"), Fate.DOMAIN_TROUBLE),
        (Reply(421, "4.7.0 too many"), Fate.DOMAIN_TROUBLE),
    ],
)
def test_answer_to_the_recipient(reply: Reply, fate: Fate | None) -> None:
    assert to_recipient(reply) == fate


@pytest.mark.parametrize("code", [421, 451, 452, 530, 550, 553])
def test_refused_sender_is_the_servers_trouble(code: int) -> None:
    assert to_sender(Reply(code, "5.7.1 not you")) == Fate.SERVER_TROUBLE


@pytest.mark.parametrize(
    ("reply", "fate"),
    [
        (Reply(250, "queued"), Fate.SENT),
        (Reply(554, "5.7.1 looks like spam"), Fate.REFUSED),
        (Reply(550, "no such user"), Fate.REFUSED),
        (Reply(550, "5.1.1 no such user"), Fate.GONE),
        (Reply(421, "closing"), Fate.DOMAIN_TROUBLE),
        (Reply(452, "4.3.1 no room"), Fate.DOMAIN_TROUBLE),
    ],
)
def test_answer_to_the_body(reply: Reply, fate: Fate) -> None:
    assert to_body(reply) == fate


def test_answer_to_data_lets_the_body_go() -> None:
    assert to_data(Reply(354, "go")) is None


def test_reason_holds_codes_and_no_words() -> None:
    assert Reply(550, "5.1.1 <lerato@example.org> is unknown").reason == "550 5.1.1"
    assert Reply(450, "lerato@example.org is busy").reason == "450"
