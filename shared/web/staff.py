"""The pages of staff: what the navigation leads to, who owns each, and for whom it is. To add a page, add its line here."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from shared.identity import Identity, Role
from shared.web.language import mark

HOME: Final = "/staff"
"""The page after signing in; its paths are the gateway's unless the table below gives them to another service."""


class StaffPage(NamedTuple):
    """One entry of the navigation.

    Attributes:
        path: where it begins; the gateway hands it, and all that lies under it, to its owner.
        owner: the service that renders it, and checks the caller's role by itself.
        name: what the navigation calls it.
        roles: who is led there.
    """

    path: str
    owner: str
    name: str
    roles: tuple[Role, ...]


STAFF_PAGES: Final = (
    StaffPage("/staff/members", "registry", mark("People"), ("admin", "consultant", "officer", "mission")),
    StaffPage("/staff/duplicates", "registry", mark("Duplicates"), ("admin", "consultant", "officer")),
    StaffPage("/staff/partners", "registry", mark("Partners"), ("admin", "consultant", "officer", "mission", "viewer")),
    StaffPage("/staff/calls", "registry", mark("Calls"), ("admin", "consultant", "officer")),
    StaffPage("/staff/register", "gateway", mark("Register a person"), ("admin", "consultant", "officer", "mission")),
    StaffPage("/staff/coverage", "registry", mark("Coverage"), ("admin", "consultant", "officer", "mission", "viewer")),
    StaffPage("/staff/key-people", "registry", mark("Key people"), ("admin", "consultant", "officer")),
    StaffPage("/staff/imports", "gateway", mark("Imports"), ("admin", "consultant", "officer", "mission")),
)
"""In the order of the navigation."""

PROXIED: Final = {page.path: page.owner for page in STAFF_PAGES if page.owner != "gateway"}
"""Path prefix → the service to which the gateway hands what is asked there, beside `shared.topology.ROUTES`."""


class Entry(NamedTuple):
    """What the navigation shows of a page; `current` is `page` on the page itself, `true` on those under it, else empty."""

    path: str
    name: str
    current: str


def is_staff_path(path: str) -> bool:
    """Tell whether a page is for staff only."""
    return f"{path}/".startswith(f"{HOME}/")


def navigation(identity: Identity | None, path: str) -> Sequence[Entry]:
    """Return where somebody on this path is led; nobody but staff is led anywhere."""
    if identity is None or identity.kind != "staff":
        return ()
    here = {page.path: "page" if page.path == path else "true" for page in STAFF_PAGES if f"{path}/".startswith(f"{page.path}/")}
    return [Entry(page.path, page.name, here.get(page.path, "")) for page in STAFF_PAGES if identity.role in page.roles]
