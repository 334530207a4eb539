"""Calls in words, for the desk."""

from collections.abc import Mapping

from services.registry.calling.model import Outcome, Reason
from shared.web.language import mark

REASONS: Mapping[Reason, str] = {
    "confirm": mark("Registered; the number is not confirmed"),
    "lost_contact": mark("The address does not work any more"),
    "inactive": mark("Nothing heard for years"),
    "follow_up": mark("Follow-up"),
    "ring_me": mark("Asked to be rung"),
}
OUTCOMES: Mapping[Outcome, str] = {
    "reached": mark("Spoke to them"),
    "no_answer": mark("Nobody answered"),
    "wrong_number": mark("Wrong number"),
    "refused": mark("Wants no calls"),
    "call_again": mark("Call again"),
    "withdrew": mark("Withdraws"),
}
ENDINGS: Mapping[str, str] = {
    **{str(outcome): text for outcome, text in OUTCOMES.items()},
    "done": mark("Done"),
    "settled": mark("Not needed any more"),
}
KINDS = {"phone": mark("Phone"), "whatsapp": mark("WhatsApp")}
