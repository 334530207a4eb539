"""Who may sign in: accounts, the one-time links that sign them in, and programs' tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, func, select, update

from services.gateway import model
from services.gateway.model import ApiToken, Role, SignInLink, Staff, StaffSession, hashed, new_secret
from shared.clock import new_id
from shared.database import Transaction
from shared.errors import FieldError, Invalid, NotFound
from shared.facts import country_codes, provinces


class Rights(NamedTuple):
    """What somebody may do, and where."""

    role: Role
    areas: tuple[str, ...] = ()
    organisation: str = ""


class Minted(NamedTuple):
    """A secret, shown once, and when it ends."""

    secret: str
    expires_at: datetime


def checked(rights: Rights) -> Rights:
    """Return the rights with their areas in order.

    Raises:
        Invalid: an area is not one of ours, or a mission has none, which would open every area to it.
    """
    areas = tuple(sorted({area.strip().upper() for area in rights.areas if area.strip()}))
    unknown = [area for area in areas if area not in provinces() | country_codes()]
    if unknown:
        raise Invalid(errors=[FieldError("/areas", f"not an area: {', '.join(unknown)}")])
    if rights.role == "mission" and not areas:
        raise Invalid(errors=[FieldError("/areas", "a mission needs at least one area")])
    return Rights(rights.role, areas, rights.organisation.strip())


async def add(session: Transaction, email: str, rights: Rights, *, name: str = "") -> Minted:
    """Let somebody sign in with these rights, and return a one-time link's secret.

    For a person who has an account it is a new link, and other rights if they differ; other rights end every session at once.

    Raises:
        Invalid: the address or the rights are wrong.
    """
    rights = checked(rights)
    try:
        address = validate_email(email.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        raise Invalid(errors=[FieldError("/email", "not an e-mail address")]) from None
    person = await _by_email(session, address)
    if person is None:
        person = Staff(id=new_id(), email=address, name=name, role=rights.role, areas=list(rights.areas), organisation=rights.organisation)
        session.add(person)
        await session.flush()
    else:
        person.name = name or person.name
        if person.change(role=rights.role, areas=list(rights.areas), organisation=rights.organisation):
            await end_sessions(session, person.id)
    return await link_for(session, person.id)


async def disable(session: Transaction, email: str) -> None:
    """Sign somebody out everywhere and let them in no more; their links die too.

    Raises:
        NotFound: nobody has this address.
    """
    person = await _by_email(session, email.strip())
    if person is None:
        raise NotFound
    person.disabled_at = func.now()
    await end_sessions(session, person.id)


async def end_sessions(session: Transaction, staff_id: UUID) -> None:
    """Sign somebody out everywhere, and take back the links that would let them in again."""
    await session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))
    await session.execute(delete(SignInLink).where(SignInLink.staff_id == staff_id))


async def link_for(session: Transaction, staff_id: UUID) -> Minted:
    """Make a sign-in link and return its secret."""
    minted = Minted(new_secret(), await _database_time(session) + model.LINK_LIFETIME)
    session.add(SignInLink(hash=hashed(minted.secret), staff_id=staff_id, expires_at=minted.expires_at))
    return minted


async def link_is_good(session: Transaction, secret: str) -> bool:
    """Say whether a link would sign somebody in; looking spends nothing."""
    good = select(SignInLink.hash).where(
        SignInLink.hash == hashed(secret), SignInLink.spent_at.is_(None), SignInLink.expires_at > func.now()
    )
    return (await session.execute(good)).first() is not None


async def spend_link(session: Transaction, secret: str) -> UUID:
    """Spend a sign-in link and return who it signs in. Of two that come at once, one wins.

    Raises:
        NotFound: there is no such link, it is spent or too old, or its holder is disabled. All look alike.
    """
    spent = (
        update(SignInLink)
        .where(SignInLink.hash == hashed(secret), SignInLink.spent_at.is_(None), SignInLink.expires_at > func.now())
        .where(SignInLink.staff_id.in_(select(Staff.id).where(Staff.disabled_at.is_(None))))
        .values(spent_at=func.now())
        .returning(SignInLink.staff_id)
    )
    staff_id: UUID | None = (await session.execute(spent)).scalar_one_or_none()
    if staff_id is None:
        raise NotFound
    return staff_id


async def add_token(session: Transaction, name: str, rights: Rights) -> Minted:
    """Make an API token and return it; only its hash is kept.

    Raises:
        Invalid: the name is empty, or the rights are wrong.
    """
    rights = checked(rights)
    if not name.strip():
        raise Invalid(errors=[FieldError("/name", "a token needs a name that says who uses it")])
    minted = Minted(model.TOKEN_PREFIX + new_secret(), await _database_time(session) + model.TOKEN_LIFETIME)
    session.add(
        ApiToken(
            id=new_id(),
            hash=hashed(minted.secret),
            name=name.strip(),
            role=rights.role,
            areas=list(rights.areas),
            organisation=rights.organisation,
            expires_at=minted.expires_at,
        )
    )
    return minted


async def revoke_tokens(session: Transaction, name: str) -> int:
    """End every token of this name at once and return how many there were."""
    ended = (
        update(ApiToken)
        .where(ApiToken.name == name.strip(), ApiToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiToken.id)
    )
    return len((await session.execute(ended)).all())


async def everybody(session: Transaction) -> Sequence[Staff]:
    """Return all accounts, by address."""
    return (await session.execute(select(Staff).order_by(Staff.email))).scalars().all()


async def every_token(session: Transaction) -> Sequence[ApiToken]:
    """Return all tokens, by name."""
    return (await session.execute(select(ApiToken).order_by(ApiToken.name, ApiToken.added_at))).scalars().all()


async def _by_email(session: Transaction, email: str) -> Staff | None:
    return (await session.execute(select(Staff).where(func.lower(Staff.email) == email.lower()).with_for_update())).scalar_one_or_none()


async def _database_time(session: Transaction) -> datetime:
    moment: datetime = (await session.execute(select(func.now()))).scalar_one()
    return moment
