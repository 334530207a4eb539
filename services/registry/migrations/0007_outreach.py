"""Keep partners, what they were sent and promised, and key people who are not members yet.

The missions that are shipped as facts are partners from the beginning, so that the first thing to do is to write to them.
"""

from uuid import NAMESPACE_URL, uuid5

from alembic import op
from sqlalchemy import ARRAY, Text, bindparam, text

from shared import facts

revision = "0007"
down_revision = "0006"

TABLES = (
    # What the spellings of one code have in common; `services.registry.outreach.codes.code_key` does the same.
    """
    CREATE FUNCTION partner_key(code text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN upper(regexp_replace(code, '[^A-Za-z0-9]', '', 'g'))
    """,
    """
    CREATE TABLE partner (
        id uuid PRIMARY KEY,
        version integer NOT NULL,
        code text NOT NULL,
        code_key text NOT NULL UNIQUE CHECK (code_key = partner_key(code)),
        name text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('mission', 'association', 'church', 'union', 'employer', 'other')),
        areas text[] NOT NULL,
        language text NOT NULL CHECK (language IN ('en', 'st')),
        status text NOT NULL CHECK (status IN ('known', 'active', 'ended')),
        contact_name text,
        contact_email text,
        contact_phone text,
        note text,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    # A mission's staff are known by their organisation's name: two partners of one name would be one to them.
    "CREATE UNIQUE INDEX partner_name ON partner (lower(name))",
    """
    CREATE TABLE briefing (
        id uuid PRIMARY KEY,
        partner_id uuid NOT NULL REFERENCES partner (id) ON DELETE CASCADE,
        email text NOT NULL,
        language text NOT NULL,
        sent_at timestamptz NOT NULL,
        opened_at timestamptz,
        answer text CHECK (answer IN ('agree', 'decline')),
        answered_at timestamptz
    )
    """,
    "CREATE INDEX briefing_partner ON briefing (partner_id, sent_at)",
    """
    CREATE TABLE promise (
        id uuid PRIMARY KEY,
        partner_id uuid NOT NULL REFERENCES partner (id) ON DELETE CASCADE,
        version integer NOT NULL,
        what text NOT NULL,
        due_on date NOT NULL,
        done_on date,
        delivered text,
        created_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX promise_partner ON promise (partner_id, due_on)",
    "CREATE INDEX promise_due ON promise (due_on) WHERE done_on IS NULL",
    # The row without a code says that the day's figures are there.
    """
    CREATE TABLE partner_figure (
        day date,
        code_key text,
        confirmed integer NOT NULL,
        PRIMARY KEY (day, code_key)
    )
    """,
    """
    CREATE TABLE key_person (
        id uuid PRIMARY KEY,
        version integer NOT NULL,
        status text NOT NULL CHECK (status IN ('new', 'told', 'yes', 'member')),
        name text,
        name_key text,
        contact_kind text CHECK (contact_kind IN ('email', 'phone')),
        contact text,
        contact_key text,
        area text,
        language text NOT NULL CHECK (language IN ('en', 'st')),
        source text NOT NULL,
        reason text NOT NULL,
        added_at timestamptz NOT NULL,
        told_at timestamptz,
        gone_at timestamptz,
        member_id uuid REFERENCES member (id) ON DELETE SET NULL,
        CHECK (status = 'member' OR (name IS NOT NULL AND name_key IS NOT NULL AND contact_key IS NOT NULL AND gone_at IS NOT NULL))
    )
    """,
    "CREATE INDEX key_person_contact ON key_person (contact_key)",
    "CREATE INDEX key_person_member ON key_person (member_id) WHERE member_id IS NOT NULL",
    "CREATE INDEX key_person_gone ON key_person (gone_at) WHERE gone_at IS NOT NULL",
)
SHIPPED = text(
    "INSERT INTO partner (id, version, code, code_key, name, kind, areas, language, status)"
    " VALUES (:id, 1, :code, partner_key(:code), :name, 'mission', :areas, 'en', 'known')"
)


def upgrade() -> None:
    """Make the tables and load the missions; the id of each comes from its code, so that it is the same everywhere."""
    for statement in TABLES:
        op.execute(statement)
    for mission in facts.partners():
        op.execute(
            SHIPPED.bindparams(
                bindparam("areas", list(mission.covers) or [mission.country], type_=ARRAY(Text())),
                id=uuid5(NAMESPACE_URL, f"https://khokahano.example.org/partners/{mission.code}"),
                code=mission.code,
                name=f"{mission.kind} in {mission.city}",
            )
        )
