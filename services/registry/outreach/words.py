"""What the kinds and states of partners, packs and key people are called on pages."""

from shared.web.language import mark

KINDS = {
    "mission": mark("High Commission, embassy or consulate"),
    "association": mark("Association"),
    "church": mark("Church"),
    "union": mark("Trade union"),
    "employer": mark("Employer"),
    "other": mark("Something else"),
}
STATUSES = {"known": mark("Not at work yet"), "active": mark("At work"), "ended": mark("Ended")}
PACKS = {
    "none": mark("No pack sent yet"),
    "sent": mark("Pack sent"),
    "read": mark("Pack opened"),
    "agreed": mark("Agreed to help"),
    "declined": mark("Declined"),
}
KEY_STATUSES = {"new": mark("Not spoken with yet"), "told": mark("Told"), "yes": mark("Said yes"), "member": mark("Became a member")}
