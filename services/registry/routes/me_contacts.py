"""A member's own contacts: seen, added, removed; on the page that only their own link opens."""

from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import text

from services.registry import records
from services.registry import selfservice_words as words
from services.registry.contacts import changing, typed
from services.registry.contacts.changing import Changed
from services.registry.erasing import unshare
from services.registry.model import Member
from services.registry.routes.mine import Mine, own_member
from shared.audit import note
from shared.clock import now
from shared.database import Transaction
from shared.errors import FieldError, Invalid, NotFound
from shared.identity import current
from shared.outbox import put
from shared.service import Db
from shared.tokens import Link
from shared.web.forms import Form, Typed
from shared.web.language import mark, translate
from shared.web.pages import Filled, Pages

router = APIRouter(include_in_schema=False)
pages = Pages(Path(__file__).parent.parent)

MOST_ADDED_A_DAY = 5
"""Each has a mail sent to whoever has that address."""
ADDED = text(
    "SELECT count(*) FROM audit WHERE ids @> ARRAY[CAST(:id AS uuid)] AND what = 'own_contact_added' AND at > now() - interval '1 day'"
)
TOO_OFTEN = mark("You have added enough for one day. Try again tomorrow.")
CHANGED_MEANWHILE = mark("Your record was changed meanwhile. Look at it, and do it once more.")


@router.get("/me/{token}/contacts")
async def show_contacts(request: Request, token: str, db: Db, link: Mine) -> HTMLResponse:
    """Show the member's contacts, with what each needs to be confirmed."""
    async with db.transaction() as session:
        member = await own_member(session, link)
    return _page(request, token, member, Filled())


@router.post("/me/{token}/contacts")
async def change_contacts(request: Request, token: str, db: Db, link: Mine, form: Typed) -> Response:
    """Add a contact (`action=add`) or remove one (`action=remove`); what would leave the member unconfirmed is asked once more."""
    language = current(request).language
    async with db.transaction() as session:
        given = None
        if form.value("action") == "add":
            try:
                given = typed.read(form.value("kind"), form.value("value"), language)
            except Invalid as wrong:
                return _page(request, token, await own_member(session, link), form.filled(wrong.errors), 422)
        # Contacts are locked before members, as everywhere.
        keys = await records.keys_of(session, (await own_member(session, link)).id)
        await records.lock_contacts(session, [*keys.values(), *([given.key] if given else [])])
        session.expunge_all()
        member = await own_member(session, link, for_update=True)
        if form.value("version") != str(member.version):
            return _page(request, token, member, form.filled([FieldError("", translate(language, CHANGED_MEANWHILE))]), 409)
        try:
            if given:
                await _add(session, member, given, link, request)
            elif (ask := await _remove(session, member, form, request)) is not None:
                return _page(request, token, member, Filled(), 200, ask=ask)
        except Invalid as wrong:
            return _page(request, token, member, form.filled(wrong.errors), 422)
    return RedirectResponse(f"/me/{token}/contacts?saved=1", 303)


async def _add(session: Transaction, member: Member, given: typed.Given, link: Link, request: Request) -> None:
    others = [
        holder.member_id for holder in (await records.holders_of(session, [given.key])).get(given.key, []) if holder.member_id != member.id
    ]
    added = (await session.execute(ADDED, {"id": member.id})).scalar_one()
    if added >= MOST_ADDED_A_DAY:
        raise Invalid(errors=[FieldError("/value", translate(current(request).language, TOO_OFTEN))])
    done = changing.add(member, given, shared=bool(others), at=now(), language=current(request).language)
    for other in await records.members_for_update(session, others):
        if shared := other.share({given.key}, True):
            put(session, shared)
    _keep(session, member, done, request, "own_contact_added")


async def _remove(session: Transaction, member: Member, form: Form, request: Request) -> UUID | None:
    """Remove a contact; return it instead if the member must first say that they are sure."""
    try:
        contact = member.contact(UUID(form.value("contact")))
    except ValueError:
        contact = None
    if contact is None:
        raise NotFound
    if changing.leaves_unconfirmed(member, contact) and len(member.contacts) > 1 and form.value("sure") != "yes":
        return contact.id
    at, key = now(), contact.value_key
    done = changing.remove(member, contact, at=at, language=current(request).language)
    await records.bury(session, [contact.id], at=at)
    _keep(session, member, done, request, "own_contact_removed")
    if all(each.value_key != key for each in member.contacts):
        await session.flush()
        await unshare(session, member.id, [key])
    return None


def _keep(session: Transaction, member: Member, done: Changed, request: Request, what: str) -> None:
    session.add_all(done.consents)
    put(session, done.changed)
    put(session, done.told)
    note(session, current(request), what, [member.id])


def _page(request: Request, token: str, member: Member, form: Filled, status: int = 200, *, ask: UUID | None = None) -> HTMLResponse:
    language = current(request).language
    return pages.render(
        request,
        "me_contacts.html",
        status=status,
        language=language,
        here=f"/me/{token}",
        form=form,
        saved="saved" in request.query_params,
        version=member.version,
        ask=ask,
        contacts=[(translate(language, words.CONTACTS[each.kind]), each) for each in member.contacts],
        kinds=words.options({kind: words.CONTACTS[kind] for kind in typed.KINDS}, language),
    )
