"""Who may do what at which route of the registry: the table that `test_roles.py` holds every route to.

A new route needs a line here. `about` says whose business a thing is:

| about | for whoever has the right |
| --- | --- |
| `people` | answered, whatever the scope; only people of the scope are in it |
| `member` | answered for a member of the scope, 404 for any other. `{member_id}` in the path; more of a path is in `World.things` |
| `area` | answered for an area of the scope, 404 for any other. `{area}` in the path |
| `thing` | a call, a pair, a merge: 404 outside its area, see `World.things` |
| `partner` | the same, and a mission finds itself only |
| `home` | something that is said to be in the first area: `outside` for who is of another |
| `open` | answered, whatever the scope; names nobody |
| `figures` | answered; names nobody, and no area outside the scope |
| `own` | a member's own page by their own link; 404 for staff and for other links |
| `public` | answered for anybody, and names nobody |
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from shared.tokens import Purpose

About = Literal["people", "member", "area", "thing", "partner", "home", "figures", "open", "own", "public"]


@dataclass(frozen=True)
class Right:
    """Who may, and what is sent for it.

    Attributes:
        roles: their names, separated by spaces; none for links and public pages.
        sent: the JSON body.
        form: the fields of a form; its token is added. A program with an API token has none: 403.
        answers: what a success looks like. 409 and 422 belong there only where this table cannot send what would succeed.
        link: the purpose of the link.
        empty: a list on which nobody is in the world of the tests.
        whole: a list shows everybody whom the caller may see, and not just the first of them.
        outside: what is answered about a thing that is not the caller's business.
    """

    about: About
    roles: str = ""
    sent: Any = None
    form: dict[str, Any] | None = None
    answers: tuple[int, ...] = (200, 201, 202, 204, 303)
    link: Purpose = "manage"
    outside: tuple[int, ...] = (404,)
    empty: bool = False
    whole: bool = True


CLERKS = "admin consultant officer"
SPOKEN = {"purpose": "information", "channel": "email", "given": False, "way": "call"}
TOLD = {"what": "information:email", "answer": "withdrawn", "way": "call"}
HOME = "ZA-GP"
NEXT_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
LATER = {"member_id": "{member_id}", "about": "The form", "due_at": f"{NEXT_MONTH}T09:00:00Z"}
CHURCH = {"name": "A church in Gauteng", "kind": "church", "areas": [HOME]}
PROMISE = {"what": "Forty posters", "due_on": "2030-01-07"}
NURSE = {"name": "Mme Nthabiseng", "source": "a friend", "reason": "knows many", "area": HOME, "email": "nthabiseng@example.net"}
NEW_ADDRESS = {"kind": "email", "value": "new@example.org", "asked": "call"}
CHOSEN = {"wording": "2020-01", "version": "1"}

# A query may be written after a path, to try a route in more than one way.
RIGHTS: dict[str, Right] = {
    # People.
    "GET /api/v1/members": Right("people", f"{CLERKS} mission"),
    "GET /api/v1/members?q=seabata": Right("people", f"{CLERKS} mission"),
    "GET /api/v1/members?q=person2@example.org": Right("people", f"{CLERKS} mission"),
    "GET /api/v1/members?country=GB": Right("people", f"{CLERKS} mission"),
    "GET /api/v1/members?format=csv&reason=test": Right("people", CLERKS),
    "GET /api/v1/members?format=xlsx&reason=test": Right("people", CLERKS),
    "GET /api/v1/members/{member_id}": Right("member", f"{CLERKS} mission"),
    "DELETE /api/v1/members/{member_id}": Right("member", CLERKS),
    "GET /api/v1/members/{member_id}/consents": Right("member", CLERKS),
    "POST /api/v1/members/{member_id}/consents": Right("member", CLERKS, SPOKEN),
    "GET /api/v1/members/{member_id}/history": Right("member", CLERKS),
    "GET /api/v1/audit": Right("people", CLERKS),
    "GET /api/v1/audit?format=csv&reason=test": Right("people", CLERKS),
    "PATCH /api/v1/members/{member_id}": Right("member", CLERKS, {"city": "Welkom"}),
    "POST /api/v1/members/{member_id}/contacts/{contact_id}/confirm": Right("member", CLERKS, {}),
    "POST /api/v1/members/{member_id}/contacts": Right("member", CLERKS, NEW_ADDRESS),
    "DELETE /api/v1/members/{member_id}/contacts/{contact_id}?asked=call": Right("member", CLERKS),
    "POST /api/v1/members/{member_id}/code": Right("member", CLERKS, {"contact_id": "{contact_id}"}),
    "GET /staff/members": Right("people", f"{CLERKS} mission"),
    "GET /staff/members/{member_id}": Right("member", f"{CLERKS} mission"),
    "GET /staff/members/export": Right("open", CLERKS),
    "POST /staff/members/export": Right("people", CLERKS, form={"reason": "test"}),
    "GET /staff/members/views": Right("open", f"{CLERKS} mission"),
    "POST /staff/members/views": Right("open", f"{CLERKS} mission", form={"name": "Gauteng", "country": "ZA"}),
    "POST /staff/members/views/{view_id}/remove": Right("open", f"{CLERKS} mission", form={}),
    "GET /staff/members/{member_id}/correct": Right("member", CLERKS),
    "POST /staff/members/{member_id}/correct": Right("member", CLERKS, form={"city": "Welkom", "version": "1"}),
    "GET /staff/members/{member_id}/consent": Right("member", CLERKS),
    "POST /staff/members/{member_id}/consent": Right("member", CLERKS, form=TOLD),
    "GET /staff/members/{member_id}/confirm/{contact_id}": Right("member", CLERKS),
    "POST /staff/members/{member_id}/confirm/{contact_id}": Right("member", CLERKS, form={}),
    "GET /staff/members/{member_id}/contacts": Right("member", CLERKS),
    "POST /staff/members/{member_id}/contacts": Right("member", CLERKS, form={**NEW_ADDRESS, "version": "1"}, answers=(303, 409)),
    "GET /staff/members/{member_id}/contacts/{contact_id}/remove": Right("member", CLERKS),
    "POST /staff/members/{member_id}/contacts/{contact_id}/remove": Right(
        "member", CLERKS, form={"asked": "call", "version": "1"}, answers=(303, 409)
    ),
    "GET /staff/members/{member_id}/code": Right("member", CLERKS),
    "POST /staff/members/{member_id}/code": Right("member", CLERKS, form={"contact_id": "{contact_id}"}),
    "GET /staff/members/{member_id}/erase": Right("member", CLERKS),
    "POST /staff/members/{member_id}/erase": Right("member", CLERKS, form={"sure": "yes"}),
    # Two who are likely one.
    "GET /api/v1/duplicates": Right("people", CLERKS),
    "GET /api/v1/duplicates?format=csv&reason=test": Right("people", CLERKS),
    "GET /api/v1/duplicates/{pair_id}": Right("thing", CLERKS),
    "POST /api/v1/duplicates/{pair_id}/merge": Right("thing", CLERKS, {}),
    "POST /api/v1/duplicates/{pair_id}/dismiss": Right("thing", CLERKS),
    "GET /api/v1/merges": Right("people", CLERKS),
    "POST /api/v1/merges/{merge_id}/undo": Right("thing", CLERKS),
    "GET /staff/duplicates": Right("people", CLERKS),
    "GET /staff/duplicates/{pair_id}": Right("thing", CLERKS),
    "POST /staff/duplicates/{pair_id}/merge": Right("thing", CLERKS, form={}, answers=(422,)),
    "POST /staff/duplicates/{pair_id}/dismiss": Right("thing", CLERKS, form={}),
    "POST /staff/duplicates/merges/{merge_id}/undo": Right("thing", CLERKS, form={}),
    # Calls.
    "GET /api/v1/calls": Right("people", CLERKS),
    "GET /api/v1/calls?format=xlsx&why=test": Right("people", CLERKS),
    "GET /api/v1/calls/log": Right("people", CLERKS, empty=True),
    "GET /api/v1/calls/log?format=csv&reason=test": Right("people", CLERKS, empty=True),
    "POST /api/v1/calls/next": Right("people", CLERKS, whole=False),
    "GET /api/v1/calls/{call_id}": Right("thing", CLERKS),
    "POST /api/v1/calls/{call_id}/claim": Right("thing", CLERKS),
    "POST /api/v1/calls/{call_id}/release": Right("thing", CLERKS),
    "POST /api/v1/calls/{call_id}/log": Right("thing", CLERKS, {"outcome": "no_answer"}),
    "PATCH /api/v1/calls/{call_id}": Right("thing", CLERKS, {"best_hour": 9}),
    "GET /api/v1/follow-ups": Right("people", CLERKS),
    "GET /api/v1/follow-ups?format=csv&reason=test": Right("people", CLERKS),
    "POST /api/v1/follow-ups": Right("home", CLERKS, LATER),
    "POST /api/v1/follow-ups/{follow_up_id}/done": Right("thing", CLERKS, {}),
    "GET /staff/calls": Right("people", CLERKS),
    "POST /staff/calls/next": Right("open", CLERKS, form={}),
    "POST /staff/calls/{call_id}/claim": Right("thing", CLERKS, form={}),
    "POST /staff/calls/{call_id}/release": Right("thing", CLERKS, form={}),
    "POST /staff/calls/{call_id}/log": Right("thing", CLERKS, form={"outcome": "no_answer"}),
    "GET /staff/calls/follow-ups": Right("people", CLERKS),
    "POST /staff/calls/follow-ups": Right("home", CLERKS, form={**LATER, "due_at": NEXT_MONTH}),
    "POST /staff/calls/follow-ups/{follow_up_id}/done": Right("thing", CLERKS, form={}),
    # Partners, and people whom we would like to have as members.
    "GET /api/v1/partners": Right("open", f"{CLERKS} mission viewer"),
    "GET /api/v1/partners?format=xlsx": Right("open", f"{CLERKS} mission viewer"),
    "POST /api/v1/partners": Right("home", CLERKS, CHURCH, outside=(422,)),
    "GET /api/v1/partners/{partner_id}": Right("partner", f"{CLERKS} mission viewer"),
    "PATCH /api/v1/partners/{partner_id}": Right("partner", CLERKS, {"note": "Rang them"}),
    "GET /api/v1/partners/{partner_id}/qr.{picture}": Right("partner", f"{CLERKS} mission"),
    "GET /api/v1/partners/{partner_id}/poster.pdf": Right("partner", f"{CLERKS} mission"),
    "GET /api/v1/partners/{partner_id}/pack.pdf": Right("partner", f"{CLERKS} mission"),
    "POST /api/v1/partners/{partner_id}/briefings": Right("partner", CLERKS),
    "GET /api/v1/partners/{partner_id}/promises": Right("partner", f"{CLERKS} mission"),
    "POST /api/v1/partners/{partner_id}/promises": Right("partner", CLERKS, PROMISE),
    "PATCH /api/v1/partners/{partner_id}/promises/{promise_id}": Right("partner", CLERKS, {"delivered": "40 posters"}),
    "GET /staff/partners": Right("open", f"{CLERKS} mission viewer"),
    "GET /staff/partners/new": Right("open", CLERKS),
    "POST /staff/partners": Right("home", CLERKS, form={**CHURCH, "areas": HOME}, outside=(422,)),
    "GET /staff/partners/{partner_id}": Right("partner", f"{CLERKS} mission"),
    "GET /staff/partners/{partner_id}/edit": Right("partner", CLERKS),
    "POST /staff/partners/{partner_id}/edit": Right("partner", CLERKS, form={"name": "A new name", "kind": "mission", "version": "1"}),
    "POST /staff/partners/{partner_id}/briefings": Right("partner", CLERKS, form={}),
    "POST /staff/partners/{partner_id}/promises": Right("partner", CLERKS, form=PROMISE),
    "POST /staff/partners/{partner_id}/promises/{promise_id}": Right("partner", CLERKS, form={"delivered": "40 posters"}),
    "GET /api/v1/key-people": Right("people", CLERKS),
    "POST /api/v1/key-people": Right("home", CLERKS, NURSE, outside=(422,)),
    "GET /api/v1/key-people/{key_person_id}": Right("thing", CLERKS),
    "POST /api/v1/key-people/{key_person_id}/contact": Right("thing", CLERKS, {"told_source": True, "answer": "later"}),
    "DELETE /api/v1/key-people/{key_person_id}": Right("thing", CLERKS),
    "GET /staff/key-people": Right("people", CLERKS),
    "POST /staff/key-people": Right("home", CLERKS, form=NURSE, outside=(422,)),
    "POST /staff/key-people/{key_person_id}": Right("thing", CLERKS, form={"answer": "later"}),
    # Figures.
    "GET /api/v1/coverage": Right("figures", f"{CLERKS} mission viewer"),
    "GET /api/v1/coverage?format=csv": Right("figures", f"{CLERKS} mission viewer"),
    "GET /api/v1/coverage/timeline": Right("figures", f"{CLERKS} mission viewer"),
    "GET /api/v1/coverage/timeline?bucket=day&channel=email": Right("figures", f"{CLERKS} mission viewer"),
    "GET /api/v1/coverage/parts?by=partner": Right("figures", f"{CLERKS} mission viewer"),
    "GET /staff/coverage": Right("figures", f"{CLERKS} mission viewer"),
    "POST /staff/coverage/{area}/targets": Right("area", CLERKS, form={"target": "7", "by": "2030-12-31"}),
    "GET /api/v1/targets/{area}": Right("area", f"{CLERKS} mission viewer"),
    "PUT /api/v1/targets/{area}": Right("area", CLERKS, {"target": 7}),
    "GET /api/v1/consent-roots": Right("figures", f"{CLERKS} viewer"),
    "GET /api/v1/transfers": Right("figures", f"{CLERKS} viewer"),
    # By a link, or for anybody.
    "GET /confirm/{token}": Right("public"),
    "GET /briefing/{token}": Right("public"),
    "GET /briefing/{token}/pack.pdf": Right("public"),
    "GET /me/code": Right("public"),
    "POST /me/code": Right("public", form={"contact": "nobody@example.net", "code": "123456789012"}, answers=(422,)),
    "POST /me/{token}/code": Right("own", form={}),
    "GET /me/{token}": Right("own"),
    "GET /me/{token}/export": Right("own"),
    "GET /me/{token}/details": Right("own"),
    "POST /me/{token}/details": Right("own", form={"version": "1"}, answers=(422,)),
    "GET /me/{token}/choices": Right("own"),
    "POST /me/{token}/choices": Right("own", form=CHOSEN),
    "GET /me/{token}/contacts": Right("own"),
    "POST /me/{token}/contacts": Right("own", form={"action": "add", "kind": "email", "value": "new@example.org"}, answers=(303, 409)),
    "GET /me/{token}/erase": Right("own"),
    "GET /erased/{number}": Right("public", answers=(404,)),
}
