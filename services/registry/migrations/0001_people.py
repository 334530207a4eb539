"""Make members, their contacts and consents, areas with targets, and the audit."""

from alembic import op
from sqlalchemy import text

from shared import facts
from shared.migrations import create_audit_table, create_messaging_tables

revision = "0001"
down_revision = None

MEMBERS = (
    """
    CREATE TABLE member (
        id uuid PRIMARY KEY,
        version integer NOT NULL,
        status text NOT NULL CHECK (status IN ('registered', 'confirmed')),
        given_name text NOT NULL,
        family_name text NOT NULL,
        name_key text NOT NULL,
        search_key text NOT NULL,
        country text NOT NULL,
        province text,
        area text NOT NULL,
        city text,
        home_district text,
        occupation text,
        birth_year integer,
        gender text,
        diaspora_type text,
        needs text[] NOT NULL,
        language text NOT NULL,
        interests text[] NOT NULL,
        contributions text[] NOT NULL,
        contribution_note text,
        channels text[] NOT NULL,
        information text[] NOT NULL,
        sharing boolean NOT NULL,
        partner_code text,
        way text NOT NULL,
        submission_id uuid NOT NULL UNIQUE,
        import_id uuid,
        registered_at timestamptz NOT NULL,
        confirmed_at timestamptz,
        CHECK ((status = 'confirmed') = (confirmed_at IS NOT NULL))
    )
    """,
    "CREATE INDEX member_newest ON member (registered_at, id)",
    "CREATE INDEX member_area_newest ON member (area, registered_at, id)",
    "CREATE INDEX member_partner_newest ON member (partner_code, registered_at, id) WHERE partner_code IS NOT NULL",
    "CREATE INDEX member_search ON member USING gin (search_key gin_trgm_ops)",
    """
    CREATE TABLE contact (
        id uuid PRIMARY KEY,
        member_id uuid NOT NULL REFERENCES member (id) ON DELETE CASCADE,
        kind text NOT NULL CHECK (kind IN ('email', 'phone', 'whatsapp', 'telegram')),
        value text NOT NULL,
        value_key text COLLATE "C" NOT NULL,
        uncertain boolean NOT NULL,
        shared boolean NOT NULL,
        confirmed_at timestamptz,
        undeliverable_at timestamptz,
        UNIQUE (member_id, kind, value_key)
    )
    """,
    "CREATE INDEX contact_value ON contact (value_key)",
    """
    CREATE TABLE repeat (
        submission_id uuid PRIMARY KEY,
        member_id uuid NOT NULL REFERENCES member (id) ON DELETE CASCADE,
        at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX repeat_member ON repeat (member_id)",
    "CREATE TABLE tombstone (id uuid PRIMARY KEY, at timestamptz NOT NULL)",
)

# A consent points to no other table: it must be able to outlive the member, and a foreign key to a wording would make every
# registration lock the one row of the present wording. Wordings cannot go away: the trigger sees to it.
CONSENTS = (
    """
    CREATE TABLE wording (
        version text,
        language text,
        text text NOT NULL,
        PRIMARY KEY (version, language)
    )
    """,
    """
    CREATE TABLE consent (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        member_id uuid NOT NULL,
        purpose text NOT NULL CHECK (purpose IN ('registration', 'information', 'sharing')),
        channel text CHECK ((channel IS NOT NULL) = (purpose = 'information')),
        given boolean NOT NULL,
        wording_version text,
        language text,
        at timestamptz NOT NULL,
        way text NOT NULL,
        submission_id uuid,
        CHECK (NOT given OR (wording_version IS NOT NULL AND language IS NOT NULL))
    )
    """,
    "CREATE INDEX consent_member ON consent (member_id)",
)

APPEND_ONLY = (
    """
    CREATE FUNCTION refuse_unless_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('khokahano.erasing', true) IS DISTINCT FROM OLD.member_id::text THEN
            RAISE EXCEPTION 'consent is append-only: only erase_consents() deletes' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    END $$
    """,
    """
    CREATE FUNCTION erase_consents(erased uuid) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM set_config('khokahano.erasing', erased::text, true);
        DELETE FROM consent WHERE member_id = erased;
        PERFORM set_config('khokahano.erasing', '', true);
    END $$
    """,
    "CREATE TRIGGER consent_is_not_changed BEFORE UPDATE OR TRUNCATE ON consent EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER consent_is_not_deleted BEFORE DELETE ON consent FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing()",
    "CREATE TRIGGER wording_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON wording EXECUTE FUNCTION refuse_change()",
)

AREAS = (
    """
    CREATE TABLE area (
        code text PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('province', 'country')),
        name_en text NOT NULL,
        name_st text,
        target integer CHECK (target >= 0),
        position integer NOT NULL,
        version integer NOT NULL DEFAULT 1
    )
    """,
    """
    CREATE TABLE figure (
        day date,
        area text,
        confirmed integer NOT NULL,
        PRIMARY KEY (day, area)
    )
    """,
)

_AREA = text(
    "INSERT INTO area (code, kind, name_en, name_st, target, position) VALUES (:code, :kind, :name_en, :name_st, :target, :position)"
)


def upgrade() -> None:
    """Make the tables and load the areas."""
    create_messaging_tables(op)
    create_audit_table(op)
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # A trusted extension: the database's owner may.
    for statement in (*MEMBERS, *CONSENTS, *APPEND_ONLY, *AREAS):
        op.execute(statement)
    for position, area in enumerate(facts.areas(), start=1):
        names = {"name_en": area.name_en, "name_st": area.name_st or None}
        op.execute(_AREA.bindparams(code=area.code, kind=area.kind, **names, target=area.planning_target, position=position))
