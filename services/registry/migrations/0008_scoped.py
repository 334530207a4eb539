"""Let the database itself keep scoped callers to their areas, by policies for the role that their requests take on.

The tables' owner, as whom the service does its own work, is not touched by them. See `services.registry.scoped` and decision 18.
"""

from alembic import op

from shared.migrations import ensure_scoped_role

revision = "0008"
down_revision = "0007"

ROLE = "registry_scoped"
# Without a scope these settings are missing, and the query fails, or empty, and it finds nothing.
AREAS = "string_to_array(current_setting('khokahano.areas'), ',')"
WHOLE = "current_setting('khokahano.sharing') = 'not needed'"
POLICIES = {
    "member": f"area = ANY ({AREAS}) AND ({WHOLE} OR sharing)",
    # Whether a member is seen is decided by the policy above.
    "contact": "EXISTS (SELECT FROM member WHERE member.id = contact.member_id)",
    # A mission sees name, contacts and area: no consents, no registrations, and not who else has read of a person.
    "consent": f"{WHOLE} AND EXISTS (SELECT FROM member WHERE member.id = consent.member_id)",
    "repeat": f"{WHOLE} AND EXISTS (SELECT FROM member WHERE member.id = repeat.member_id)",
    "audit": f"{WHOLE} AND EXISTS (SELECT FROM member WHERE member.id = ANY (audit.ids))",
    "figure": f"area = ANY ({AREAS})",
}
FREE = ("area", "wording", "consent_root")
"""Tables in which nobody's data are."""


def upgrade() -> None:
    """Make the role where it is missing, give it its rights, and its policies."""
    ensure_scoped_role(op, ROLE)
    for table, seen in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_of_scope ON {table} FOR SELECT TO {ROLE} USING ({seen})")
    op.execute(f"CREATE POLICY audit_is_added_to ON audit FOR INSERT TO {ROLE} WITH CHECK (true)")
    op.execute(f"GRANT SELECT ON {', '.join((*POLICIES, *FREE))} TO {ROLE}")
    op.execute(f"GRANT INSERT ON audit TO {ROLE}")
