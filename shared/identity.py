"""Who is asking: what the gateway found out, handed to the owning service in one signed header."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Literal

from fastapi import Request
from itsdangerous import BadData, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from shared.contracts.gateway import Language
from shared.errors import Forbidden, NotFound, Unauthenticated
from shared.tokens import Link, Purpose

HEADER = "X-Khokahano-Identity"
LIFE_SECONDS = 60
"""How long a signed identity is good for: one request on its way."""

Role = Literal["admin", "consultant", "officer", "forum", "mission", "viewer"]


class Identity(BaseModel):
    """Who is asking, for one request.

    Attributes:
        kind: `link` for a page reached by a signed link, `public` for anybody.
        id: the staff member's or token's id; empty for others.
        name: the staff member's or token's name, for records that must say who; the address of somebody without one.
        areas: the area codes that a mission is scoped to; empty for all.
        csrf: what a form must carry; empty where no cookie is involved.
        link: what the link in the path says, checked by the gateway.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["staff", "token", "link", "public"] = "public"
    id: str = ""
    name: str = ""
    role: Role | None = None
    areas: tuple[str, ...] = ()
    organisation: str = ""
    csrf: str = ""
    language: Language = "en"
    link: Link | None = None


class _Signed(BaseModel):
    identity: Identity
    service: str
    method: str
    path: str


def _signer(keys: Sequence[SecretStr]) -> TimestampSigner:
    secrets = [key.get_secret_value() for key in reversed(keys)]
    return TimestampSigner(secrets, salt="khokahano.identity", key_derivation="hmac", digest_method=hashlib.sha256)


def sign(identity: Identity, keys: Sequence[SecretStr], *, service: str, method: str, path: str) -> str:
    """Return the header's value, good for this service, method and path (without its query) only."""
    signed = _Signed(identity=identity, service=service, method=method, path=path)
    return _signer(keys).sign(base64_encode(signed.model_dump_json())).decode()


def verify(header: str | None, keys: Sequence[SecretStr], *, service: str, method: str, path: str) -> Identity:
    """Return who is asking.

    Raises:
        Unauthenticated: the header is missing, forged, old, or meant for another request.
    """
    try:
        signed = _Signed.model_validate_json(base64_decode(_signer(keys).unsign(header or "", max_age=LIFE_SECONDS)))
    except (BadData, ValidationError):
        raise Unauthenticated from None
    if (signed.service, signed.method, signed.path) != (service, method, path):
        raise Unauthenticated
    return signed.identity


def current(request: Request) -> Identity:
    """Return who is asking; the service's identity check has put it there."""
    identity: Identity = getattr(request.state, "identity", None) or Identity()
    return identity


def require(*roles: Role) -> Callable[[Request], Identity]:
    """Return a dependency that gives the caller's identity.

    Raises:
        Unauthenticated: nobody is signed in.
        Forbidden: the caller's role is not one of these.
    """

    async def check(request: Request) -> Identity:
        identity = current(request)
        if identity.kind not in ("staff", "token") or identity.role is None:
            raise Unauthenticated
        if identity.role not in roles:
            raise Forbidden
        return identity

    check.roles = roles  # type: ignore[attr-defined]  # Read by the test that tries every role on every route.
    return check  # type: ignore[return-value]  # FastAPI awaits it.


def require_link(purpose: Purpose) -> Callable[[Request], Link]:
    """Return a dependency that gives what the signed link in the path says.

    Raises:
        NotFound: the request did not come by such a link.
    """

    async def check(request: Request) -> Link:
        link = current(request).link
        if link is None or link.purpose != purpose:
            raise NotFound
        return link

    return check  # type: ignore[return-value]  # FastAPI awaits it.
