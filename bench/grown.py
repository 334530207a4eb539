"""The house with many members in its databases beside one with few; the members are written by SQL, as they would stand after a drive."""

from collections.abc import Mapping

from bench.ground import execute

# Ids are version 7 in shape, so that indexes grow as they do in life. `{kind}` keeps those of different tables apart.
ID = "(lpad(to_hex(1577836800000 + n), 12, '0') || '7{kind}8000' || lpad(to_hex(n), 12, '0'))::uuid"
MEMBER, SUBMISSION, EMAIL, PHONE, INBOX, DELIVERY = (ID.format(kind=f"{kind:03x}") for kind in range(6))
AT = "timestamptz '2020-01-01 00:00Z' + n * interval '1 ms'"
GIVEN = "(ARRAY['Lineo','Thabo','Palesa','Tumelo','Limpho','Teboho','Mpho','Katleho','Nthabiseng','Lerato','Khotso','Puleng'])[1 + n % 12]"
FAMILY = "(ARRAY['Mokoena','Mofokeng','Molapo','Letsie','Mohapi','Ntsane','Ramaili','Sekhonyana','Tau','Makhetha'])[1 + n / 12 % 10]"
AREA = "(ARRAY['ZA-GP','ZA-FS','ZA-NW','ZA-KZN','ZA-WC','ZA-MP','ZA-EC','ZA-LP','ZA-NC'])[1 + n / 120 % 9]"
ADDRESS = "'grown' || n || '@example.org'"
NUMBERS = "FROM generate_series(1, {count}) n"

REGISTRY = (
    f"""
    INSERT INTO member (id, version, status, given_name, family_name, name_key, search_key, country, province, area, city, birth_year,
        needs, language, interests, contributions, channels, information, sharing, way, submission_id, registered_at)
    SELECT {MEMBER}, 1, 'registered', {GIVEN}, {FAMILY}, lower({FAMILY} || ' ' || {GIVEN}), lower(' ' || {GIVEN} || ' ' || {FAMILY}), 'ZA',
        {AREA}, {AREA}, 'Welkom', 1945 + n % 60, '{{{{}}}}', CASE WHEN n % 3 = 0 THEN 'st' ELSE 'en' END, '{{{{trade}}}}', '{{{{}}}}',
        '{{{{email}}}}', '{{{{email}}}}', false, 'api', {SUBMISSION}, {AT} {NUMBERS}
    """,
    f"""
    INSERT INTO contact (id, member_id, kind, value, value_key, uncertain, shared)
    SELECT {EMAIL}, {MEMBER}, 'email', {ADDRESS}, {ADDRESS}, false, false {NUMBERS}
    """,
    f"""
    INSERT INTO contact (id, member_id, kind, value, value_key, uncertain, shared)
    SELECT {PHONE}, {MEMBER}, 'phone', '+27' || (730000000 + n), '+27' || (730000000 + n), false, false {NUMBERS}
    """,
    f"""
    INSERT INTO consent (member_id, purpose, channel, given, wording_version, language, at, way, submission_id)
    SELECT {MEMBER}, purpose, channel, true, '2020-01', 'en', {AT}, 'api', {SUBMISSION}
    {NUMBERS}, (VALUES ('registration', NULL), ('information', 'email')) AS agreed (purpose, channel)
    """,
    f"INSERT INTO inbox (message_id, at) SELECT {INBOX}, now() {NUMBERS}",
    # Compared, as each was when they came.
    "DELETE FROM likeness_due",
)
NOTIFIER = (
    f"""
    INSERT INTO recipient (member_id, version, status, language, information, registered)
    SELECT {MEMBER}, 1, 'registered', 'en', '{{{{email}}}}', true {NUMBERS}
    """,
    f"""
    INSERT INTO contact (id, member_id, kind, value, address_key, shared, disowned)
    SELECT {EMAIL}, {MEMBER}, 'email', {ADDRESS}, sha256(({ADDRESS})::bytea), false, false {NUMBERS}
    """,
    f"""
    INSERT INTO delivery (id, member_id, contact_id, cause, template, recipient, channel, language, transactional, status, attempts, due_at,
        give_up_at, created_at, sent_at)
    SELECT {DELIVERY}, {MEMBER}, {EMAIL}, {MEMBER}, 'welcome', sha256(({ADDRESS})::bytea), 'email', 'en', true, 'sent', 1, {AT},
        {AT} + interval '5 days', {AT}, {AT} {NUMBERS}
    """,
    f"INSERT INTO inbox (message_id, at) SELECT {INBOX}, now() {NUMBERS}",
)
GATEWAY = (f"INSERT INTO submission (id, received_at, way, status) SELECT {SUBMISSION}, {AT}, 'api', 'processed' {NUMBERS}",)


def fill(databases: Mapping[str, str], count: int) -> None:
    """Write so many members into a house's databases."""
    for service, statements in (("registry", REGISTRY), ("notifier", NOTIFIER), ("gateway", GATEWAY)):
        execute(databases[service], *(statement.format(count=count) for statement in statements), "VACUUM ANALYZE")
