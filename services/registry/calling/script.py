"""What we say on the phone, in the language of whoever answers: whom we ask for, who we are, why we call, and what happens next.

Before the right person is on the line nothing is said of why we call: a phone may be a family's, and nobody must learn who is registered.
"""

from collections.abc import Mapping, Sequence

from services.registry.calling.model import Reason
from shared.web.language import LANGUAGES, Language, mark, translate

ASK_FOR = mark("Good day. May I speak to %(name)s, please?")
NOT_THEM = mark("If it is somebody else, say only that you will call again, and never why. If nobody there knows the person: wrong number.")
WHO = mark("My name is … I call from Khokahano, for the Diaspora Directorate in Lesotho's Ministry of Foreign Affairs, together with IOM.")
WHY: Mapping[Reason, Sequence[str]] = {
    "confirm": (
        mark("Somebody registered with us under your name and gave this number. I call to ask whether it was you."),
        mark(
            "Why we ask Basotho abroad to register: home wants to know how many live where, what you need and what you do for Lesotho,"
            " and to answer you when you write."
        ),
        mark("I read to you what you agreed to. Please say afterwards whether you agree, and whether this number is yours."),
    ),
    "lost_contact": (
        mark("You are registered with us, but the address that we had for you does not work any more."),
        mark("May I confirm this number, so that we can still reach you?"),
    ),
    "inactive": (
        mark("You registered with us years ago, and we have not heard from you since. We keep nothing longer than it is needed."),
        mark("Would you like to stay registered? If you say no, or if we never reach you, all of it is erased."),
    ),
    "follow_up": (mark("We spoke before, and I promised to call you again."),),
    "ring_me": (mark("You asked us to call you. How can I help?"),),
}
RIGHTS = mark(
    "You need not answer anything. It costs nothing to say no. We never ask for an identity or passport number, papers, money or a"
    " password. You can have all of it shown, corrected or erased whenever you like."
)
THANKS = mark("Thank you for your time. Khotso!")


def spoken(reason: Reason, name: str, language: Language) -> list[str]:
    """Return what is said, a paragraph each, from asking for the person to the end."""
    lines = [translate(language, ASK_FOR, name=name or "…"), *(translate(language, each) for each in (NOT_THEM, WHO, *WHY[reason]))]
    return [*lines, translate(language, RIGHTS), translate(language, THANKS)]


def in_both(reason: Reason, name: str) -> dict[str, list[str]]:
    """Return what is said, by language."""
    return {language: spoken(reason, name, language) for language in LANGUAGES}
