"""Keep who is to be rung and what came of each call, what of a member was changed when, and each night's look through old records."""

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"

CALLS = (
    # One thing to ring somebody about. A number alone is that of somebody who asked to be rung and is no member.
    """
    CREATE TABLE call_task (
        id uuid PRIMARY KEY,
        reason text NOT NULL CHECK (reason IN ('confirm', 'lost_contact', 'inactive', 'follow_up', 'ring_me')),
        member_id uuid REFERENCES member (id) ON DELETE CASCADE,
        partner_code text,
        number text,
        about text,
        due_at timestamptz NOT NULL,
        best_hour integer CHECK (best_hour BETWEEN 0 AND 23),
        attempts integer NOT NULL DEFAULT 0,
        assigned_to text,
        assigned_name text,
        made_at timestamptz NOT NULL,
        made_by text,
        done_at timestamptz,
        done_by text,
        outcome text,
        version integer NOT NULL DEFAULT 1,
        CHECK (num_nonnulls(member_id, partner_code, number) = 1),
        CHECK ((done_at IS NULL) = (outcome IS NULL))
    )
    """,
    "CREATE INDEX call_task_due ON call_task (due_at, id) WHERE done_at IS NULL",
    "CREATE UNIQUE INDEX call_task_open ON call_task (member_id, reason) WHERE done_at IS NULL AND reason <> 'follow_up'",
    "CREATE INDEX call_task_member ON call_task (member_id)",
    "CREATE INDEX call_task_follow_up ON call_task (due_at, id) WHERE reason = 'follow_up'",
    # By number, not by task: a family on one phone is not rung by two clerks at once either.
    """
    CREATE TABLE call_claim (
        number text PRIMARY KEY,
        task_id uuid NOT NULL REFERENCES call_task (id) ON DELETE CASCADE,
        staff text NOT NULL,
        staff_name text NOT NULL,
        until timestamptz NOT NULL
    )
    """,
    "CREATE INDEX call_claim_task ON call_claim (task_id)",
    """
    CREATE TABLE call_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        task_id uuid REFERENCES call_task (id) ON DELETE CASCADE,
        member_id uuid REFERENCES member (id) ON DELETE CASCADE,
        contact_id uuid,
        at timestamptz NOT NULL,
        staff text NOT NULL,
        staff_name text NOT NULL,
        office text NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('reached', 'no_answer', 'wrong_number', 'refused', 'call_again', 'withdrew')),
        language text NOT NULL,
        wording_version text,
        note text,
        next_at timestamptz
    )
    """,
    "CREATE INDEX call_log_member ON call_log (member_id, id)",
    "CREATE INDEX call_log_task ON call_log (task_id)",
)

# Which fields each version of a member changed, so that a clerk whose version is stale is told what changed. Names only, no values.
CHANGES = (
    """
    CREATE TABLE member_change (
        member_id uuid NOT NULL REFERENCES member (id) ON DELETE CASCADE,
        version integer NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        fields text[] NOT NULL,
        actor text,
        PRIMARY KEY (member_id, version)
    )
    """,
    """
    CREATE FUNCTION note_member_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    BEGIN
        INSERT INTO member_change (member_id, version, fields, actor)
        SELECT NEW.id, NEW.version, coalesce(array_agg(now.key ORDER BY now.key), '{}'),
            nullif(current_setting('khokahano.actor', true), '')
        FROM jsonb_each(to_jsonb(NEW)) AS now JOIN jsonb_each(to_jsonb(OLD)) AS before USING (key)
        WHERE now.value <> before.value AND now.key NOT IN ('version', 'name_key', 'search_key')
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER member_change_is_noted AFTER UPDATE ON member FOR EACH ROW
    WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION note_member_change()
    """,
)

NIGHTS = (
    # The first row is this migration's: nothing is dropped in the night in which the rule arrives.
    """
    CREATE TABLE retention_night (
        day date PRIMARY KEY,
        began_at timestamptz NOT NULL,
        ended_at timestamptz,
        lease uuid,
        lease_until timestamptz,
        counts jsonb NOT NULL DEFAULT '{}'
    )
    """,
    "INSERT INTO retention_night (day, began_at, ended_at) VALUES ((now() AT TIME ZONE 'UTC')::date, now(), now())",
)

# Of calls a clerk of some areas sees those of the people there (migration 8); a mission sees none.
ROLE = "registry_scoped"
WHOLE = "current_setting('khokahano.sharing') = 'not needed'"
POLICIES = {
    "call_task": f"{WHOLE} AND EXISTS (SELECT FROM member WHERE member.id = call_task.member_id)",
    "call_log": f"{WHOLE} AND EXISTS (SELECT FROM member WHERE member.id = call_log.member_id)",
    "call_claim": f"{WHOLE} AND EXISTS (SELECT FROM call_task WHERE call_task.id = call_claim.task_id)",
}

VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('contact_undeliverable')")
UNDELIVERABLE = (
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS contact_undeliverable ON contact (undeliverable_at) WHERE undeliverable_at IS NOT NULL"
)


def upgrade() -> None:
    """Make the tables and the trigger, then the index while others read and write."""
    connection = op.get_bind()
    if connection.scalar(text("SELECT to_regclass('retention_night')")) is None:
        for statement in (*CALLS, *CHANGES, *NIGHTS):
            op.execute(statement)
        for table, seen in POLICIES.items():
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY {table}_of_scope ON {table} FOR SELECT TO {ROLE} USING ({seen})")
        op.execute(f"GRANT SELECT ON {', '.join(POLICIES)} TO {ROLE}")
    with op.get_context().autocommit_block():
        if op.get_bind().scalar(VALID) is False:
            op.execute("DROP INDEX CONCURRENTLY contact_undeliverable")
        op.execute(UNDELIVERABLE)
