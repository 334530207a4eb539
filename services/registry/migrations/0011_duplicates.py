"""Keep what members are compared by, the pairs that are likely one person, and what was merged. See decision 24.

Who has joined or was changed is noted by a trigger, once a statement, and looked at after it: nobody's registration waits for a comparison.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

LIKENESS = (
    # No index: it is read from its beginning, and a row of it lives for moments.
    "CREATE TABLE likeness_due (member_id uuid NOT NULL)",
    "ALTER TABLE likeness_due SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
    """
    CREATE TABLE likeness_keys (
        member_id uuid PRIMARY KEY REFERENCES member (id) ON DELETE CASCADE,
        keys bigint[] NOT NULL
    )
    """,
    # What was added last is in a list that every search reads: a quarter of a megabyte at most.
    "CREATE INDEX likeness_keys_held ON likeness_keys USING gin (keys) WITH (gin_pending_list_limit = 256)",
    """
    CREATE TABLE likeness_pair (
        id uuid PRIMARY KEY,
        one uuid NOT NULL REFERENCES member (id) ON DELETE CASCADE,
        other uuid NOT NULL REFERENCES member (id) ON DELETE CASCADE,
        score double precision NOT NULL,
        reasons jsonb NOT NULL,
        found_at timestamptz NOT NULL DEFAULT now(),
        dismissed_at timestamptz,
        dismissed_by text,
        CHECK (one < other),
        UNIQUE (one, other)
    )
    """,
    "CREATE INDEX likeness_pair_other ON likeness_pair (other)",
    "CREATE INDEX likeness_pair_open ON likeness_pair (score DESC, id) WHERE dismissed_at IS NULL",
    """
    CREATE TABLE likeness_lesson (
        only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
        learned_at timestamptz NOT NULL DEFAULT now(),
        members bigint NOT NULL,
        counts jsonb NOT NULL,
        weights jsonb NOT NULL,
        by_chance jsonb NOT NULL
    )
    """,
)

MERGES = (
    # Under which other names a member is known since a merge: who registers under one of them, with a contact of theirs, is the same.
    "ALTER TABLE member ADD COLUMN IF NOT EXISTS known_as text[] NOT NULL DEFAULT '{}'",
    # Points to no member: the absorbed one has no row, and the kept one may be absorbed in turn. Erasing deletes what is about them.
    """
    CREATE TABLE merge (
        id uuid PRIMARY KEY,
        kept_id uuid NOT NULL,
        absorbed_id uuid NOT NULL,
        at timestamptz NOT NULL,
        staff text NOT NULL,
        office text NOT NULL,
        pair_ids uuid[] NOT NULL,
        before jsonb NOT NULL,
        undone_at timestamptz,
        undone_by text,
        CHECK ((undone_at IS NULL) = (undone_by IS NULL))
    )
    """,
    "CREATE UNIQUE INDEX merge_absorbed ON merge (absorbed_id) WHERE undone_at IS NULL",
    "CREATE INDEX merge_kept ON merge (kept_id)",
    "CREATE INDEX merge_pairs ON merge USING gin (pair_ids)",
    # Where a contact's old id leads, since links carry it.
    """
    CREATE TABLE contact_moved (
        contact_id uuid PRIMARY KEY,
        became uuid NOT NULL
    )
    """,
    "CREATE INDEX contact_moved_became ON contact_moved (became)",
)

# A version that is raised for a status or a consent alone changes nothing that people are compared by; a contact's change raises it, too.
COMPARED = ", ".join(
    f"{{row}}.{name}" for name in ("given_name", "family_name", "birth_year", "gender", "area", "city", "home_district", "occupation")
)
ANSWERED = "{row}.status, {row}.information, {row}.sharing"
TRIGGERS = (
    """
    CREATE FUNCTION note_likeness_due() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO likeness_due SELECT id FROM added;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION note_likeness_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO likeness_due VALUES (NEW.id);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER member_added_is_compared AFTER INSERT ON member REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_likeness_due()
    """,
    f"""
    CREATE TRIGGER member_changed_is_compared AFTER UPDATE ON member FOR EACH ROW
    WHEN (OLD.version <> NEW.version AND (
        ({COMPARED.format(row="OLD")}) IS DISTINCT FROM ({COMPARED.format(row="NEW")})
        OR ({ANSWERED.format(row="OLD")}) IS NOT DISTINCT FROM ({ANSWERED.format(row="NEW")})
    ))
    EXECUTE FUNCTION note_likeness_changed()
    """,
)


ROLE = "registry_scoped"
# A pair is seen by who sees both; see migration 8 for the settings.
POLICIES = (
    "ALTER TABLE likeness_pair ENABLE ROW LEVEL SECURITY",
    f"""
    CREATE POLICY likeness_pair_of_scope ON likeness_pair FOR SELECT TO {ROLE} USING (
        current_setting('khokahano.sharing') = 'not needed'
        AND EXISTS (SELECT FROM member WHERE member.id = one) AND EXISTS (SELECT FROM member WHERE member.id = other)
    )
    """,  # noqa: S608  # Names are ours, not typed.
    f"GRANT SELECT ON likeness_pair TO {ROLE}",
)


def upgrade() -> None:
    """Make the tables and triggers, and note everybody who is there: the triggers' lock sees to it that nobody is missed."""
    for statement in (*LIKENESS, *MERGES, *TRIGGERS, *POLICIES):
        op.execute(statement)
    op.execute("INSERT INTO likeness_due SELECT id FROM member")
