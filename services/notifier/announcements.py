"""One message from the staff to everybody who confirmed an e-mail address and agreed to information.

An announcement walks through the confirmed addresses by key, a chunk at a time: one statement looks at the next addresses, writes a
delivery for each that may be written to, and moves the cursor. So a crash at any point loses nobody and doubles nobody. Senders
take their chunks in turn, as many processes as there are, and only when they have room: that is all that is ever prepared ahead.
Each chunk is born under its sender's lease (see `handover`), with consent, withdrawal and suppression as they are at that moment.
Whoever has two addresses, as somebody who was registered twice, hears it at one.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid5

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.notifier.deliveries import Claimed, Lease
from services.notifier.line import Line, Statement, fetch
from services.notifier.model import Announcement
from shared.clock import new_id
from shared.database import Database, Transaction

TYPED = ("subject_en", "text_en", "subject_st", "text_st")
"""What staff type; the names are the template's placeholders."""
_SAME = UUID("0f2b7d0e-6a0c-5d0b-9c52-8c8f5f3a7f41")

# Looked up LATERAL with a LIMIT: by index for each address, and never by a hash of a whole table.
PREPARE = Statement(
    """
    WITH chosen AS (
        SELECT id, cursor FROM announcement WHERE status = 'preparing' ORDER BY created_at LIMIT 1 FOR UPDATE
    ), looked_at AS (
        SELECT k.* FROM chosen a CROSS JOIN LATERAL (
            SELECT id, member_id, value, address_key FROM contact
            WHERE kind = 'email' AND confirmed_at IS NOT NULL AND value IS NOT NULL AND id > a.cursor
            ORDER BY id LIMIT :most
        ) k
    ), agreed AS (
        SELECT k.*, r.language, row_number() OVER () AS number, row_number() OVER (PARTITION BY k.member_id ORDER BY k.id) AS place
        FROM looked_at k
        JOIN LATERAL (
            SELECT language FROM recipient
            WHERE member_id = k.member_id AND status <> 'erased' AND 'email' = ANY(information) LIMIT 1
        ) r ON true
        LEFT JOIN LATERAL (SELECT true AS holds FROM suppression WHERE address_key = k.address_key LIMIT 1) s ON true
        LEFT JOIN LATERAL (
            SELECT true AS holds FROM withdrawal w WHERE w.member_id = k.member_id
            AND CASE WHEN w.channel IS NOT NULL THEN w.channel = 'email' ELSE coalesce(w.contact_id = k.id, true) END LIMIT 1
        ) w ON true
        CROSS JOIN chosen a
        LEFT JOIN LATERAL (
            SELECT true AS holds FROM delivery d WHERE d.member_id = k.member_id AND d.cause = a.id AND d.template = 'announcement'
            AND d.status NOT IN ('failed', 'suppressed') LIMIT 1
        ) t ON true
        WHERE s.holds IS NULL AND w.holds IS NULL AND t.holds IS NULL
    ), claimed AS (
        INSERT INTO delivery (id, member_id, contact_id, cause, template, recipient, channel, address, language, transactional,
                              status, due_at, give_up_at, lease_token)
        SELECT (:ids::uuid[])[k.number], k.member_id, k.id, a.id, 'announcement', k.address_key, 'email', k.value, k.language, false,
               'sending', now() + make_interval(secs => :lease), now() + make_interval(secs => :give_up), :token
        FROM chosen a, agreed k WHERE k.place = 1
        ON CONFLICT (cause, template, recipient) DO NOTHING
        RETURNING *
    ), moved AS (
        UPDATE announcement a
           SET cursor = coalesce((SELECT id FROM looked_at ORDER BY id DESC LIMIT 1), a.cursor),
               looked_at = a.looked_at + (SELECT count(*) FROM looked_at), prepared = a.prepared + (SELECT count(*) FROM claimed),
               status = CASE WHEN (SELECT count(*) FROM looked_at) < :most THEN 'prepared' ELSE a.status END,
               ended_at = CASE WHEN (SELECT count(*) FROM looked_at) < :most THEN now() END
          FROM chosen WHERE a.id = chosen.id
        RETURNING a.id
    )
    SELECT c.id, c.lease_token, c.member_id, c.contact_id, c.cause, c.template, c.language, c.address, c.recipient, c.transactional,
           c.attempts, now(), '', '', CAST(NULL AS timestamptz), false, false, true, true, false
    FROM moved LEFT JOIN claimed c ON true
    """
)

WAITS = Statement("SELECT 1 FROM announcement WHERE status = 'preparing' LIMIT 1")
PROGRESS = Statement("SELECT status, count(*) AS deliveries FROM delivery WHERE cause = :id AND template = 'announcement' GROUP BY status")


async def start(session: Transaction, typed: Mapping[str, str]) -> UUID | None:
    """Begin an announcement and return its id; None if the same words were announced before, since that says it all again."""
    identifier = uuid5(_SAME, "\0".join(typed[name] for name in TYPED))
    written = insert(Announcement).values(id=identifier, **{name: typed[name] for name in TYPED})
    return await session.scalar(written.on_conflict_do_nothing().returning(Announcement.id))


async def stop(session: Transaction, identifier: UUID) -> bool:
    """Prepare no more of an announcement, and return whether there was more to prepare. What senders have in hand goes out."""
    ended = update(Announcement).where(Announcement.id == identifier, Announcement.status == "preparing").values(status="stopped")
    return await session.scalar(ended.returning(Announcement.id)) is not None


async def everything(session: Transaction) -> Sequence[tuple[Announcement, dict[str, int]]]:
    """Return every announcement, newest first, with how many of its deliveries are in each state."""
    found = (await session.scalars(select(Announcement).order_by(Announcement.created_at.desc()))).all()
    return [(each, {row["status"]: row["deliveries"] for row in await fetch(session, PROGRESS, id=each.id)}) for each in found]


async def prepare(line: Line, lease: Lease, *, most: int, give_up_seconds: float) -> list[Claimed] | None:
    """Look at the next addresses of the oldest announcement, and return the deliveries to those that agreed; None if all is prepared."""
    if not await line.fetch(WAITS):
        return None
    ids = [new_id() for _ in range(most)]
    rows = await line.fetch(PREPARE, most=most, ids=ids, give_up=give_up_seconds, token=lease.token, lease=lease.seconds)
    return [Claimed._make(row) for row in rows if row[0]] if rows else None


async def texts(database: Database, identifiers: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """Return what staff typed for these announcements; it is never changed."""
    async with database.transaction() as session:
        found = await session.scalars(select(Announcement).where(Announcement.id.in_(identifiers)))
        return {each.id: {name: getattr(each, name) for name in TYPED} for each in found}
