"""Who is the same person: keys of names and contacts, and the decision about a batch of registrations. No I/O, no clock.

The same contact under an equal name key is the same member. The same contact under another name is another member who shares it:
sharing a phone is not being one person.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import idna

from shared.contracts.gateway import RegistrationSubmitted
from shared.contracts.registry import ContactKind

SPELLINGS = (("tjh", "ch"), ("kg", "kh"), ("di", "li"), ("du", "lu"))
"""South African spellings of Sesotho and Lesotho's, which search takes as one."""


def fold(text: str) -> str:
    """Return the text without case, diacritics, apostrophes and format characters; everything else that is no letter or digit is a space.

    A mark is dropped by its combining class, not its category: accents and vowel points go, the vowel signs of Indic scripts,
    without which two names would become one, stay.
    """
    if text.isascii():
        return text.casefold().translate(_ASCII)
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(_fold_character(character) for character in decomposed)


def _fold_character(character: str) -> str:
    if character.isalnum():
        return character
    if character in "'`ʼ´‘’ʻ" or unicodedata.combining(character) or (category := unicodedata.category(character)) == "Cf":
        return ""
    return character if category.startswith("M") else " "


_ASCII = {code: _fold_character(chr(code)) for code in range(128)}


def name_key(given_name: str, family_name: str) -> str:
    """Return what two spellings of one name have in common: folded words, sorted, since forms swap given and family name."""
    name = f"{given_name} {family_name}"
    return " ".join(sorted(fold(name).split())) or " ".join(name.split())


def search_key(*parts: str | None) -> str:
    """Return folded words, each after a space, in which `% word%` finds words by their beginning.

    Li and di, kh and kg, ch and tjh, tš and ts', 'M and Mm are one here: finding too much is harmless in a search.
    """
    words = fold(" ".join(part for part in parts if part)).split()
    return "".join(f" {_one_spelling(word)}" for word in words)


def _one_spelling(word: str) -> str:
    for theirs, ours in SPELLINGS:
        word = word.replace(theirs, ours)
    return word[1:] if word.startswith("mm") else word


def email_key(address: str) -> str:
    """Return the address without case, its domain as ASCII (IDNA 2008 with UTS 46); what goes out is always the address as written."""
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            domain = unicodedata.normalize("NFKC", domain)
    return f"{local if local.isascii() else unicodedata.normalize('NFC', local)}@{domain}".lower()


def contact_key(kind: ContactKind, value: str) -> str:
    """Return what two members with the same contact have in common. E-mail keys hold an @, numbers begin with +: classes never meet."""
    return email_key(value) if kind == "email" else value if kind != "telegram" else f"telegram:{value}"


def contacts_of(submission: RegistrationSubmitted) -> tuple[tuple[ContactKind, str, str], ...]:
    """Return kind, value and key of each contact that was given."""
    given: tuple[tuple[ContactKind, str | None], ...] = (
        ("email", submission.email),
        ("phone", submission.phone),
        ("whatsapp", submission.whatsapp),
    )
    return tuple((kind, value, contact_key(kind, value)) for kind, value in given if value)


@dataclass(frozen=True, slots=True)
class Holder:
    """A member who has a contact.

    Attributes:
        known_as: keys of other names under which they registered, and which were found to be theirs.
    """

    member_id: UUID
    name_key: str
    known_as: Sequence[str] = ()

    def is_called(self, name_key: str) -> bool:
        """Tell whether this is a name of theirs."""
        return name_key == self.name_key or name_key in self.known_as


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A submission that makes a member."""

    member_id: UUID
    name_key: str
    submission: RegistrationSubmitted
    contacts: tuple[tuple[ContactKind, str, str], ...]


@dataclass(slots=True)
class Decisions:
    """What is to be done about a batch.

    Attributes:
        repeated: submissions of members who are known, with the member's id.
        shared: contact keys which a newcomer has in common with somebody else.
        sharers: members known before the batch who hold one of them.
    """

    newcomers: list[Newcomer] = field(default_factory=list)
    repeated: list[tuple[RegistrationSubmitted, UUID]] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    sharers: set[UUID] = field(default_factory=set)


def decide(
    submissions: Iterable[RegistrationSubmitted],
    holders: Mapping[str, Sequence[Holder]],
    settled: set[UUID],
    *,
    new_id: Callable[[], UUID],
) -> Decisions:
    """Tell newcomers from repeats, the earliest submission first.

    Args:
        holders: who holds each contact key, the member who was first, first.
        settled: submissions that were decided before, or belong to somebody who was erased: left out.
    """
    decisions, settled = Decisions(), set(settled)
    in_batch: dict[str, list[Holder]] = {}
    for submission in sorted(submissions, key=lambda s: (s.submitted_at, s.submission_id)):
        if submission.submission_id in settled:
            continue
        settled.add(submission.submission_id)
        contacts = contacts_of(submission)
        key = name_key(submission.given_name, submission.family_name)
        before = {holder.member_id: holder for _, _, contact in contacts for holder in holders.get(contact, ())}
        beside = {holder.member_id: holder for _, _, contact in contacts for holder in in_batch.get(contact, ())}
        same = next((holder for holder in (*before.values(), *beside.values()) if holder.is_called(key)), None)
        if same:
            decisions.repeated.append((submission, same.member_id))
            continue
        newcomer = Newcomer(new_id(), key, submission, contacts)
        decisions.newcomers.append(newcomer)
        if before or beside:
            decisions.shared.update(contact for _, _, contact in contacts if contact in holders or contact in in_batch)
            decisions.sharers.update(before)
        for contact in {contact for _, _, contact in contacts}:
            in_batch.setdefault(contact, []).append(Holder(newcomer.member_id, key))
    return decisions
