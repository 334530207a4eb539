"""What staff do that is noted in the audit with a member's id, in words for that member. Every act has its line; a test sees to it."""

from shared.web.language import mark

READS = {
    "member_read": mark("read your record"),
    "members_listed": mark("saw you in a list"),
    "members_exported": mark("took you out in a file"),
    "calls_exported": mark("took you out in a file"),
    "call_log_exported": mark("took you out in a file"),
    "follow_ups_exported": mark("took you out in a file"),
    "duplicates_exported": mark("took you out in a file"),
    "audit_exported": mark("took you out in a file"),
    "consents_read": mark("read what you agreed to"),
    "history_read": mark("read what happened with your record"),
    "audit_read": mark("saw in the audit what was done with your record"),
    "call_read": mark("looked up your number to ring you"),
    "call_log_read": mark("read who rang you"),
    "calls_listed": mark("saw you in the list of people to ring"),
    "follow_ups_listed": mark("saw you in the list of people to come back to"),
    "duplicates_listed": mark("compared your record with another"),
    "duplicate_read": mark("compared your record with another"),
    "merges_listed": mark("saw your record among those that were joined"),
}
"""Acts that change nothing."""
CHANGES = {
    "consent_recorded": mark("wrote down what you agreed to or withdrew"),
    "member_corrected": mark("corrected your record"),
    "contact_confirmed": mark("confirmed your number after a call"),
    "contact_added": mark("added a contact for you, as they were asked"),
    "contact_removed": mark("removed a contact of yours, as they were asked"),
    "code_given": mark("gave you a code for this page"),
    "call_arranged": mark("arranged a call with you"),
    "call_logged": mark("rang you, and wrote down what came of it"),
    "follow_up_planned": mark("planned to come back to you"),
    "follow_up_done": mark("came back to you"),
    "duplicate_dismissed": mark("judged that your record and another are two people's"),
    "members_merged": mark("joined your record with another one of yours"),
    "merge_undone": mark("parted what had been joined with your record"),
    "member_erased": mark("erased your record"),
}
OTHER = mark("changed or looked at your record")


def words_of(what: str) -> str:
    """Return what an act is called, still to be translated."""
    return READS.get(what) or CHANGES.get(what, OTHER)
