"""A member's own contacts: seen, added, removed; on the page that only their own link opens."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.registry import selfservice_words as words
from services.registry.contacts import changing, keeping, typed
from services.registry.model import Member
from services.registry.pages import pages
from services.registry.routes.mine import Mine, own_member
from shared.clock import now
from shared.database import Transaction
from shared.errors import FieldError, Invalid, NotFound
from shared.identity import current
from shared.service import Db
from shared.web.forms import Form, Typed
from shared.web.language import mark, translate
from shared.web.pages import Filled

router = APIRouter(include_in_schema=False)

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
        await keeping.lock(session, (await own_member(session, link)).id, *([given.key] if given else []))
        member = await own_member(session, link, for_update=True)
        if form.value("version") != str(member.version):
            return _page(request, token, member, form.filled([FieldError("", translate(language, CHANGED_MEANWHILE))]), 409)
        try:
            if given:
                await keeping.add(session, member, given, current(request), at=now(), language=language)
            elif (ask := await _remove(session, member, form, request)) is not None:
                return _page(request, token, member, Filled(), 200, ask=ask)
        except Invalid as wrong:
            return _page(request, token, member, form.filled(wrong.errors), 422)
    return RedirectResponse(f"/me/{token}/contacts?saved=1", 303)


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
    await keeping.remove(session, member, contact, current(request), at=now(), language=current(request).language)
    return None


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
