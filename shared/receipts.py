"""The random number under which the receipt of an erasure is shown: short enough to be written down, too rare to be guessed."""

import secrets

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0 or O, 1, I or L, and no U: what is read aloud or copied by hand stays the same."""
LENGTH = 16
GROUP = 4


def new_number() -> str:
    """Return a number of 78 random bits, such as `K7QM-3T9F-WX2B-9HHD`."""
    return _grouped("".join(secrets.choice(LETTERS) for _ in range(LENGTH)))


def read_number(typed: str) -> str | None:
    """Return the number that somebody typed, in its one spelling; None if it is none."""
    plain = "".join(character for character in typed.upper() if character.isalnum())
    return _grouped(plain) if len(plain) == LENGTH and set(plain) <= set(LETTERS) else None


def _grouped(plain: str) -> str:
    return "-".join(plain[start : start + GROUP] for start in range(0, LENGTH, GROUP))
