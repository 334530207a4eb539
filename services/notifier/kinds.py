"""Which mails there are, by the folder of their template."""

from datetime import timedelta
from typing import Literal

ForContacts = Literal["confirm_contact", "contacts_changed"]
ForMembers = Literal["welcome", "repeat", "announcement", "manage", "confirm_first", "ask_the_office", "consent_receipt", ForContacts]
ForTheForum = Literal["invitation", "acknowledgement", "declined", "team_notice", "team_notice_declined"]
ForPartners = Literal["briefing"]
Template = Literal[ForMembers, ForTheForum, ForPartners]

MANAGE_TEMPLATES: dict[Literal["link", "confirm_first", "ask_the_office"], Template] = {
    "link": "manage",
    "confirm_first": "confirm_first",
    "ask_the_office": "ask_the_office",
}
"""What is written to somebody who asked for their manage link."""
MANAGE_TURN = timedelta(minutes=5)
"""How long an address is left alone between two such mails: anybody can ask for one who knows it."""
