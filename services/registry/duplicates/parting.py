"""How one record becomes two again. Rules only: no I/O and no clock. See decision 24.

Both are as they were before, with what was changed since: the kept one has the changes, and what was withdrawn since is withdrawn for both,
since nobody can tell which of the two it was.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.registry import matching
from services.registry.duplicates.joining import CHOSEN, GOES_WITH, UNDOABLE, By, Question, agreed, answer, row_of
from services.registry.model import REACHED_BY, Consent, Contact, Member
from services.registry.model.consents import RECIPIENTS

WAY = "undo"
MOMENTS = ("registered_at", "confirmed_at")


@dataclass(frozen=True)
class Parted:
    """What is to be written, beside the kept member, who is changed in place.

    Attributes:
        member: the row of the one who stands by themselves again; `contacts` are theirs.
        consents: records for the chains of both.
        moved: where the ids of contacts lead that were given by the merge.
    """

    member: dict[str, Any]
    contacts: list[dict[str, Any]]
    consents: list[Consent]
    moved: dict[UUID, UUID]


def part(
    kept: Member,
    before: Mapping[str, Any],
    moved: Mapping[UUID, UUID],
    *,
    since: Mapping[Question, bool],
    wordings: Mapping[Question, tuple[str, str]],
    by: By,
) -> Parted:
    """Make two members of one again. The caller holds the kept member's lock, and sees to `shared` and announces both.

    Args:
        before: what `joining.join` kept.
        moved: where each contact of the absorbed one led.
        since: the last answer to each question that was answered since the merge.
        wordings: to which wording, version and language, the kept one agreed last, for each question.
    """
    contacts, freed = _contacts(kept, before, moved)
    _fields(kept, before)
    row = dict(before["absorbed"])
    row |= {"version": row["version"] + 2, **_standing(before["absorbed"], contacts)}
    kept.status, kept.confirmed_at = _own_standing(kept, before["kept"])
    kept.known_as = sorted(set(kept.known_as) - (set(before["after"]["known_as"]) - set(before["kept"]["known_as"])) - {kept.name_key})

    withdrawn = {question for question, given in since.items() if not given}
    consents = _settle_kept(kept, before["kept"], withdrawn, wordings, by)
    consents += _settle_absorbed(row, contacts, withdrawn, by)
    return Parted(row, contacts, consents, freed)


def _contacts(kept: Member, before: Mapping[str, Any], moved: Mapping[UUID, UUID]) -> tuple[list[dict[str, Any]], dict[UUID, UUID]]:
    """Give the contacts back that came by the merge; what was confirmed since stays so, and what is gone does not return."""
    after = {UUID(row["id"]): row for row in before["after_contacts"]}
    own = {UUID(row["id"]): row for row in before["contacts"]}
    held = {contact.id: contact for contact in kept.contacts}
    returned, freed = [], {}
    for row in before["absorbed_contacts"]:
        came_as = moved.get(UUID(row["id"]))
        contact = held.get(came_as) if came_as else None
        if contact is None or came_as is None:
            continue
        now = row_of(contact)
        since = {name: now[name] for name in ("confirmed_at", "undeliverable_at", "uncertain") if now[name] != after[came_as][name]}
        returned.append({**row, **since})
        if came_as not in own:
            freed[came_as] = UUID(row["id"])
    for identifier, row in own.items():
        if (contact := held.get(identifier)) is not None:
            for name in ("confirmed_at", "undeliverable_at", "uncertain"):
                if row_of(contact)[name] == after[identifier][name]:
                    setattr(contact, name, _moment(row[name]) if name.endswith("_at") else row[name])
    kept.contacts = [contact for contact in kept.contacts if contact.id not in freed]
    return returned, freed


def _fields(kept: Member, before: Mapping[str, Any]) -> None:
    """Take back what the merge has changed, unless it was changed again since."""
    now, after = row_of(kept), before["after"]
    together = {name: (name, *GOES_WITH.get(name, ())) for name in CHOSEN}
    for name in UNDOABLE:
        group = together.get(name) or (next((each for each in together.values() if name in each), (name,)))
        if all(now[each] == after[each] for each in group):
            value = before["kept"][name]
            setattr(kept, name, _moment(value) if name in MOMENTS else value)
    kept.name_key = matching.name_key(kept.given_name, kept.family_name)
    kept.search_key = matching.search_key(kept.given_name, kept.family_name)


def _settle_kept(
    kept: Member, was: Mapping[str, Any], withdrawn: set[Question], wordings: Mapping[Question, tuple[str, str]], by: By
) -> list[Consent]:
    """Have the kept member agree to what they agreed to before and did not withdraw since; return the records of what that changes."""
    now = set(agreed(kept))
    then = {("information", channel) for channel in was["information"]}
    if was["sharing"] and was["area"] == kept.area:
        then |= {("sharing", recipient) for recipient in RECIPIENTS}
    wanted = {
        question for question in then - withdrawn if _is_reached(question, kept.contacts) and (question in now or question in wordings)
    }
    kept.information = [channel for channel in REACHED_BY if ("information", channel) in wanted]
    kept.sharing = any(purpose == "sharing" for purpose, _ in wanted)
    ended = [answer(kept.id, question, False, by, WAY) for question in sorted(now - wanted, key=str)]
    return ended + [answer(kept.id, question, True, by, WAY, wordings[question]) for question in sorted(wanted - now, key=str)]


def _settle_absorbed(row: dict[str, Any], contacts: list[dict[str, Any]], withdrawn: set[Question], by: By) -> list[Consent]:
    """Have the other agree to what they agreed to and what neither has withdrawn since."""
    then: list[Question] = [("information", channel) for channel in row["information"]]
    then += [("sharing", recipient) for recipient in RECIPIENTS if row["sharing"]]
    kinds = {contact["kind"] for contact in contacts}
    ended = [q for q in then if q in withdrawn or (q[0] == "information" and REACHED_BY.get(q[1]) not in kinds)]  # type: ignore[call-overload]
    row["information"] = [channel for channel in row["information"] if ("information", channel) not in ended]
    row["sharing"] = row["sharing"] and not any(purpose == "sharing" for purpose, _ in ended)
    return [answer(UUID(row["id"]), question, False, by, WAY) for question in ended]


def _is_reached(question: Question, contacts: Iterable[Contact]) -> bool:
    kinds = {contact.kind for contact in contacts}
    return question[0] != "information" or any(channel == question[1] and kind in kinds for channel, kind in REACHED_BY.items())


def _standing(was: Mapping[str, Any], contacts: list[dict[str, Any]]) -> dict[str, Any]:
    moments = sorted(contact["confirmed_at"] for contact in contacts if contact["confirmed_at"])
    if was["status"] == "confirmed":
        return {}
    return {"status": "confirmed", "confirmed_at": moments[0]} if moments else {"status": "registered", "confirmed_at": None}


def _own_standing(kept: Member, was: Mapping[str, Any]) -> tuple[str, datetime | None]:
    if was["status"] == "confirmed":
        return "confirmed", _moment(was["confirmed_at"])
    moments = sorted(contact.confirmed_at for contact in kept.contacts if contact.confirmed_at)
    return ("confirmed", moments[0]) if moments else ("registered", None)


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
