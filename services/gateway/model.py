"""What the gateway keeps: submissions until they are processed, who may sign in, and the sheets that are being imported."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import COLUMNS

Role = Literal["admin", "consultant", "officer", "forum", "mission", "viewer"]
SubmissionStatus = Literal["received", "processed"]
ImportStatus = Literal["draft", "queued", "running", "done", "failed", "waiting", "working"]
"""A sheet is a draft until its columns and consent basis are known; the last two are those of an earlier version."""

LINK_LIFETIME = timedelta(hours=24)
"""How long a sign-in link may wait for its holder."""
TOKEN_LIFETIME = timedelta(days=365)
"""How long an API token lasts."""
TOKEN_PREFIX = "kho_"  # noqa: S105  So that a secret scanner knows a token that got into a file.
UNSCOPED_ROLES = frozenset({"admin", "consultant", "officer", "forum", "viewer"})


def new_secret() -> str:
    """Return 256 random bits, spelled for a URL or a header."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> bytes:
    """Return what is kept of a secret: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class Base(DeclarativeBase):
    """The gateway's tables."""

    type_annotation_map = COLUMNS


class Submission(Base):
    """One registration as it was said; its words go once the registry has dealt with it, its id and status stay."""

    __tablename__ = "submission"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    way: Mapped[str] = mapped_column(Text)
    status: Mapped[SubmissionStatus] = mapped_column(Text, default="received")
    event: Mapped[str | None] = mapped_column(Text)
    """The announced message's body; None once processed."""
    import_id: Mapped[UUID | None]


class IdempotencyKey(Base):
    """What a caller's `Idempotency-Key` was answered with; forgotten after 24 h."""

    __tablename__ = "idempotency_key"

    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    """HMAC of the raw body: tells the same body again, and nothing about the person in it."""
    submission_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Staff(Base):
    """A person who may sign in."""

    __tablename__ = "staff"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    """Unique without regard to case."""
    name: Mapped[str] = mapped_column(Text, default="")
    role: Mapped[Role] = mapped_column(Text)
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    organisation: Mapped[str] = mapped_column(Text, default="")
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    def change(self, *, role: Role, areas: list[str], organisation: str) -> bool:
        """Take these rights, and again be allowed to sign in; True if anything is different, so that sessions must end."""
        before = (self.role, self.areas, self.organisation, self.disabled_at)
        self.role, self.areas, self.organisation, self.disabled_at = role, areas, organisation, None
        return before != (role, areas, organisation, None)


class SignInLink(Base):
    """A link that signs its holder in, once: showing it spends nothing, since scanners follow links."""

    __tablename__ = "sign_in_link"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    spent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class StaffSession(Base):
    """A browser in which somebody is signed in. Deleting the row signs them out."""

    __tablename__ = "staff_session"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    csrf: Mapped[str] = mapped_column(Text)
    """What the session's forms carry."""
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ApiToken(Base):
    """A program's key to the staff routes."""

    __tablename__ = "api_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[Role] = mapped_column(Text)
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    organisation: Mapped[str] = mapped_column(Text, default="")
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """To the minute."""


class Import(Base):
    """A sheet of registrations, worked through row by row under a lease."""

    __tablename__ = "import"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    file_name: Mapped[str] = mapped_column(Text)
    added_by: Mapped[str] = mapped_column(Text)
    """The staff member's or token's id; `command line` for the command."""
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    size_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary)
    """SHA-256 of the file: tells the same sheet again."""
    format: Mapped[str] = mapped_column(Text, default="")
    encoding: Mapped[str] = mapped_column(Text, default="")
    delimiter: Mapped[str] = mapped_column(Text, default="")
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """The headings as they stand."""
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """What each column is; empty for one that means nothing to us."""
    stated: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    """What holds for every row whose own cell is empty, by field."""
    consent_basis: Mapped[str] = mapped_column(Text, default="")
    """How these people agreed, where no column says so."""
    consent_note: Mapped[str] = mapped_column(Text, default="")
    """Where the proof of it is."""
    consent_scan: Mapped[str] = mapped_column(Text, default="")
    """SHA-256 of the scanned paper, in hexadecimal."""
    staff: Mapped[str] = mapped_column(Text, default="")
    """Who handed it in, by name; empty for a sheet that an earlier version took."""
    office: Mapped[str] = mapped_column(Text, default="")
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """The only ones in which these people may live; empty for no such limit."""
    dry_run: Mapped[bool] = mapped_column(default=False)
    """Every row is checked, and none is handed in."""
    total_rows: Mapped[int] = mapped_column(BigInteger, default=0)
    status: Mapped[ImportStatus] = mapped_column(Text, default="draft")
    failure: Mapped[str | None] = mapped_column(Text)
    """Why the sheet as a whole could not be read."""
    cursor: Mapped[int] = mapped_column(BigInteger, default=0)
    """The last record dealt with; moves in the transaction that writes what came of it."""
    accepted: Mapped[int] = mapped_column(BigInteger, default=0)
    rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    lease: Mapped[UUID | None]
    """Who is at work; each of its writes names it."""
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ImportPage(Base):
    """Some records of a sheet; gone when it was imported, and a day after it was only looked at."""

    __tablename__ = "import_page"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("import.id", ondelete="CASCADE"), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """The number of its last record; records count from 1."""
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportBadRow(Base):
    """A row that was refused, as it stands in the sheet, for the file to mend; gone 30 days after the import ended."""

    __tablename__ = "import_bad_row"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("import.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    cells: Mapped[list[str]] = mapped_column(ARRAY(Text))


class ImportRowError(Base):
    """One thing wrong with one row: where and why, never the value."""

    __tablename__ = "import_row_error"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("import.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """Counts what is wrong with the same row."""
    column: Mapped[str] = mapped_column(Text)
    """The sheet's own heading, or the field's name where there is no such column."""
    reason: Mapped[str] = mapped_column(Text)
    reason_st: Mapped[str | None] = mapped_column(Text)
    """The same in Sesotho."""
