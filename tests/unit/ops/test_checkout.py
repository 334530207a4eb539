import os
from pathlib import Path

import pytest

from ops.checkout import Checkout
from ops.local import alone
from ops.processes import StartFailed


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    checkout = Checkout(tmp_path / ".local")
    checkout.make()
    return checkout


def test_secret_is_long_private_and_stays_the_same(checkout: Checkout) -> None:
    secret = checkout.secret("links")
    assert (len(secret), checkout.secret("links"), Checkout(checkout.local).secret("links")) == (48, secret, secret)
    assert checkout.secret("suppression") != secret
    assert (checkout.local / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_environment_is_read_as_it_was_written(checkout: Checkout) -> None:
    settings = {"MAIL_FROM": "Khokahano's <a@example.org>", "EMPTY": "", "URL": "amqp://a:b@127.0.0.1/?x=1&y=$2"}
    checkout.write_environment(settings)
    assert checkout.read_environment() == settings
    assert checkout.environment.stat().st_mode & 0o777 == 0o600


def test_environment_goes_before_what_make_run_left(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.write_environment({"SMTP_HOST": "ours", "SMTP_PORT": "25", "LINK_KEYS": "ours"})
    monkeypatch.setenv("SMTP_HOST", "theirs")
    monkeypatch.setenv("LINK_KEYS_FILE", "/run/keys")
    monkeypatch.setenv("SMTP_PORT", "")
    monkeypatch.delenv("LINK_KEYS", raising=False)
    checkout.adopt()
    assert (os.environ["SMTP_HOST"], os.environ["SMTP_PORT"], os.environ.get("LINK_KEYS")) == ("theirs", "25", None)


def test_without_make_run_there_is_nothing_to_adopt(tmp_path: Path) -> None:
    assert Checkout(tmp_path / "none").read_environment() == {}


def test_second_run_of_a_checkout_is_told_who_runs(checkout: Checkout) -> None:
    with (
        alone(checkout),
        pytest.raises(StartFailed, match=rf"^`make run` is running in this checkout already \(process {os.getpid()}\)$"),
        alone(checkout),
    ):
        pass
    with alone(checkout):
        pass
