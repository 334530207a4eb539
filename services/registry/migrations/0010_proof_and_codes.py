"""Keep with a consent what a sheet says of its proof, and the codes by which people open their own page."""

from alembic import op

revision = "0010"
down_revision = "0009"

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
    # New ones come last, and leave no trace where they are empty: so older hashes stay right.
    "basis": "said.basis",
}
CONTENTS = " || ".join(f"coalesce('{name}:' || octet_length({value}) || ':' || {value} || ';', '')" for name, value in FIELDS.items())
UNCHANGED = ", ".join(f"{{row}}.{name}" for name in ("id", *FIELDS) if name != "recipient")
CHAIN = ", ".join(f"{{row}}.{name}" for name in ("id", "pseudonym", "sequence", "commitment", "hash"))
EMPTIED = (*FIELDS, "salt")

LEDGER = (
    "ALTER TABLE consent ADD COLUMN IF NOT EXISTS basis text",
    f"""
    CREATE OR REPLACE FUNCTION consent_contents(said consent) RETURNS bytea LANGUAGE sql STABLE AS $$
        SELECT convert_to(E'khokahano consent contents 1\\n' || {CONTENTS}, 'UTF8')
    $$
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

CODES = (
    # Two at most a member: their own, made anew, and one that was read out to them in a call, which works once and for a day.
    """
    CREATE TABLE IF NOT EXISTS member_code (
        member_id uuid NOT NULL REFERENCES member (id) ON DELETE CASCADE,
        kind text NOT NULL CHECK (kind IN ('own', 'call')),
        mark bytea NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (member_id, kind)
    )
    """,
    # Tries, counted by a keyed mark of what was typed beside the code, whether anybody is known by it or not.
    """
    CREATE TABLE IF NOT EXISTS code_try (
        mark bytea NOT NULL,
        hour timestamptz NOT NULL,
        tries integer NOT NULL,
        PRIMARY KEY (mark, hour)
    )
    """,
    "CREATE INDEX IF NOT EXISTS code_try_hour ON code_try (hour)",
)


def upgrade() -> None:
    """Add the column and what hashes and empties it; then the tables."""
    for statement in (*LEDGER, *CODES):
        op.execute(statement)
