"""Chain the consents, member by member, so that whatever is changed later shows. See `services.registry.ledger` and decision 15.

Old code goes on meanwhile: what it adds is chained by a trigger, and the function by which it erases keeps its name. A try that was
broken off is taken up again: each step does nothing where it is done.
"""

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"

CHUNK = 5000
"""Records looked at in one transaction: a fraction of a second, during which their members' rows are locked."""

COLUMNS = (
    # What staff say when they record an answer for somebody, and to whom something may be shown.
    *(
        f"ALTER TABLE consent ADD COLUMN IF NOT EXISTS {name} text"
        for name in ("recipient", "staff", "office", "outcome", "spoken", "scan")
    ),
    # Whose chain it is, the place in it, and what is hashed.
    "ALTER TABLE consent ADD COLUMN IF NOT EXISTS pseudonym uuid",
    "ALTER TABLE consent ADD COLUMN IF NOT EXISTS sequence integer",
    *(f"ALTER TABLE consent ADD COLUMN IF NOT EXISTS {name} bytea" for name in ("salt", "commitment", "hash")),
    # Erasing empties a record and leaves its hashes.
    *(f"ALTER TABLE consent ALTER COLUMN {name} DROP NOT NULL" for name in ("member_id", "purpose", "given", "at", "way")),
)

FIELDS = {
    "purpose": "said.purpose",
    "channel": "said.channel",
    "recipient": "said.recipient",
    "given": "said.given::text",
    "member_id": "said.member_id::text",
    "wording_version": "said.wording_version",
    "language": "said.language",
    "at": "(extract(epoch FROM said.at) * 1000000)::bigint::text",
    "way": "said.way",
    "submission_id": "said.submission_id::text",
    "staff": "said.staff",
    "office": "said.office",
    "outcome": "said.outcome",
    "spoken": "said.spoken",
    "scan": "said.scan",
}
CONTENTS = " || ".join(f"coalesce('{name}:' || octet_length({value}) || ':' || {value} || ';', '')" for name, value in FIELDS.items())
UNCHANGED = ", ".join(f"{{row}}.{name}" for name in ("id", *FIELDS) if name != "recipient")
CHAIN = ", ".join(f"{{row}}.{name}" for name in ("id", "pseudonym", "sequence", "commitment", "hash"))
EMPTIED = (*FIELDS, "salt")

FUNCTIONS = (
    f"""
    CREATE OR REPLACE FUNCTION consent_contents(said consent) RETURNS bytea LANGUAGE sql STABLE AS $$
        SELECT convert_to(E'khokahano consent contents 1\\n' || {CONTENTS}, 'UTF8')
    $$
    """,
    r"""
    CREATE OR REPLACE FUNCTION consent_link(previous bytea, pseudonym uuid, sequence integer, commitment bytea)
    RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
        SELECT sha256(
            convert_to(E'khokahano consent link 1\n', 'UTF8') || coalesce(previous, decode(repeat('00', 32), 'hex'))
            || uuid_send(pseudonym) || int4send(sequence) || commitment
        )
    $$
    """,
    # The records of a member that are not chained yet, in the order in which they came.
    """
    CREATE OR REPLACE FUNCTION chain_consents(whose uuid) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        last consent;
        said consent;
    BEGIN
        PERFORM FROM member WHERE id = whose FOR NO KEY UPDATE;
        SELECT * INTO last FROM consent WHERE member_id = whose AND hash IS NOT NULL ORDER BY sequence DESC LIMIT 1;
        FOR said IN SELECT * FROM consent WHERE member_id = whose AND hash IS NULL ORDER BY id LOOP
            last := chained_consent(said, last);
            UPDATE consent SET recipient = last.recipient, pseudonym = last.pseudonym, sequence = last.sequence,
                salt = last.salt, commitment = last.commitment, hash = last.hash WHERE id = said.id;
        END LOOP;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION chained_consent(said consent, last consent) RETURNS consent LANGUAGE plpgsql AS $$
    BEGIN
        IF said.purpose = 'sharing' THEN
            said.recipient := coalesce(said.recipient, 'mission');  -- The wordings so far know no other.
        END IF;
        said.pseudonym := coalesce(last.pseudonym, gen_random_uuid());
        said.sequence := coalesce(last.sequence, 0) + 1;
        said.salt := uuid_send(gen_random_uuid());
        said.commitment := sha256(said.salt || consent_contents(said));
        said.hash := consent_link(last.hash, said.pseudonym, said.sequence, said.commitment);
        RETURN said;
    END $$
    """,
    # A member's row is locked first, as every handler has done before: of two who add to one chain the second sees what the first added.
    """
    CREATE OR REPLACE FUNCTION chain_consent() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        last consent;
    BEGIN
        PERFORM chain_consents(NEW.member_id);
        SELECT * INTO last FROM consent WHERE member_id = NEW.member_id ORDER BY sequence DESC LIMIT 1;
        RETURN chained_consent(NEW, last);
    END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION refuse_unless_chaining_or_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.hash IS NULL AND NEW.hash IS NOT NULL
            AND ({UNCHANGED.format(row="OLD")}) IS NOT DISTINCT FROM ({UNCHANGED.format(row="NEW")})
        THEN
            RETURN NEW;
        END IF;
        IF current_setting('khokahano.erasing', true) IS NOT DISTINCT FROM OLD.member_id::text
            AND ({CHAIN.format(row="OLD")}) IS NOT DISTINCT FROM ({CHAIN.format(row="NEW")})
            AND num_nonnulls({", ".join(f"NEW.{name}" for name in EMPTIED)}) = 0
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'consent is append-only: only erase_consents() empties' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    # Names are ours, not typed.
    f"""
    CREATE OR REPLACE FUNCTION erase_consents(erased uuid) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM chain_consents(erased);
        PERFORM set_config('khokahano.erasing', erased::text, true);
        UPDATE consent SET {", ".join(f"{name} = NULL" for name in EMPTIED)} WHERE member_id = erased;
        PERFORM set_config('khokahano.erasing', '', true);
    END $$
    """,  # noqa: S608
)

TRIGGERS = (
    "DROP TRIGGER IF EXISTS consent_is_chained ON consent",
    """
    CREATE TRIGGER consent_is_chained BEFORE INSERT ON consent FOR EACH ROW WHEN (NEW.hash IS NULL)
    EXECUTE FUNCTION chain_consent()
    """,
    "DROP TRIGGER IF EXISTS consent_is_not_changed ON consent",
    """
    CREATE TRIGGER consent_is_not_changed BEFORE UPDATE ON consent FOR EACH ROW
    EXECUTE FUNCTION refuse_unless_chaining_or_erasing()
    """,
    "DROP TRIGGER IF EXISTS consent_is_not_deleted ON consent",
    "CREATE TRIGGER consent_is_not_deleted BEFORE DELETE OR TRUNCATE ON consent EXECUTE FUNCTION refuse_change()",
)

ROOTS = (
    """
    CREATE TABLE IF NOT EXISTS consent_root (
        number bigint PRIMARY KEY CHECK (number > 0),
        day date NOT NULL UNIQUE,
        last_id bigint NOT NULL,
        records bigint NOT NULL,
        wordings jsonb NOT NULL,
        root bytea NOT NULL,
        at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "DROP TRIGGER IF EXISTS consent_root_is_not_changed ON consent_root",
    """
    CREATE TRIGGER consent_root_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_root
    EXECUTE FUNCTION refuse_change()
    """,
)

NEWEST = text("SELECT coalesce(max(id), 0) FROM consent")
CHAIN_SOME = text(
    "SELECT count(chain_consents(member_id)) FROM ("
    " SELECT DISTINCT member_id FROM consent WHERE id > :after AND id <= :upto AND hash IS NULL ORDER BY member_id"
    ") AS unchained"
)
VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('consent_place')")
CHECKS = {
    "consent_is_chained": "num_nulls(pseudonym, sequence, commitment, hash) = 0",
    "consent_is_whole_or_erased": "num_nonnulls(member_id, purpose, given, at, way, salt) IN (0, 6)",
    "consent_recipient": "(recipient IS NOT NULL) = (purpose = 'sharing')",
}


def upgrade() -> None:
    """Make columns, functions and triggers; then chain what is there, in small transactions, and hold everybody to it."""
    for statement in (*COLUMNS, *FUNCTIONS, *TRIGGERS, *ROOTS):
        op.execute(statement)
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        newest = connection.scalar(NEWEST)
        for after in range(0, newest, CHUNK):
            connection.execute(CHAIN_SOME, {"after": after, "upto": after + CHUNK})
        if connection.scalar(VALID) is False:
            op.execute("DROP INDEX CONCURRENTLY consent_place")
        # One record a place: a chain that forks is refused, and one with a gap is seen.
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS consent_place ON consent (pseudonym, sequence)")
        for name, check in CHECKS.items():
            op.execute(f"ALTER TABLE consent DROP CONSTRAINT IF EXISTS {name}")
            op.execute(f"ALTER TABLE consent ADD CONSTRAINT {name} CHECK ({check}) NOT VALID")
            op.execute(f"ALTER TABLE consent VALIDATE CONSTRAINT {name}")
