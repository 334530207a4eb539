"""Many made-up members by SQL, as uneven as life: few areas and names hold most, some answers are rare, and whole stretches differ.

A twentieth came by a sheet that knew no e-mail address and no interest; of the newest tenth nobody has confirmed yet and nobody chose
Sesotho; investment interested the older half only; Telegram is nearly unused, and nobody contributes to investment. To look for what only
the past has, or for what two groups never have together, is the hard case of a search.
"""

from bench.grown import EMAIL, MEMBER, PHONE, SUBMISSION
from ops.people import FAMILIES, MEN, WOMEN

START = "timestamptz '2020-01-01 00:00Z'"
SECONDS_BETWEEN = 20
RARE_NAME = "Ntlhakaniso"
"""One member in 100,000 bears it, and always the first."""
SHEETS_CODE = "SHEET-OF-MINERS"
PARTNERS = ("LS-HC-PRETORIA", "LS-CG-JOHANNESBURG", "LS-C-WELKOM", "LS-HC-LONDON", "LS-E-DUBLIN")
# fmt: off
AREAS = ("ZA-GP", 42), ("ZA-FS", 21), ("ZA-NW", 8), ("ZA-KZN", 6), ("ZA-WC", 5), ("ZA-MP", 4), ("ZA-EC", 3), ("ZA-LP", 2), ("GB", 3), ("US", 2), ("BW", 2), ("IE", 1), ("BE", 1)  # noqa: E501
# fmt: on


def _array(words: tuple[str, ...] | list[str]) -> str:
    return f"(ARRAY[{','.join(repr(word) for word in words)}])"


_NAMES = [name for name in (*WOMEN, *MEN) if name.isalpha()]
_FAMILIES = [name for name in FAMILIES if name.isalpha()]
_ENDING = "translate(to_hex(n % 4093), '0123456789abcdef', 'aeioulmtkhpsrnbc')"
_PLACES = [area for area, share in AREAS for _ in range(share)]
_LOW = {name: f"translate(lower({name}), 'š', 's')" for name in ("given", "family")}
MEMBERS = f"""
    INSERT INTO member (id, version, status, given_name, family_name, name_key, search_key, country, province, area, city, birth_year,
        needs, language, interests, contributions, channels, information, sharing, partner_code, way, submission_id, registered_at,
        confirmed_at)
    SELECT {MEMBER}, 1, CASE WHEN confirmed THEN 'confirmed' ELSE 'registered' END, given, family,
        {_LOW["family"]} || ' ' || {_LOW["given"]}, ' ' || {_LOW["given"]} || ' ' || {_LOW["family"]},
        split_part(area, '-', 1), CASE WHEN area LIKE '%-%' THEN area END, area, 'Welkom', 1945 + n % 60, '{{{{}}}}',
        CASE WHEN d < 0.08 AND part < 0.9 THEN 'st' ELSE 'en' END,
        CASE WHEN sheet THEN '{{{{}}}}' ELSE array_remove(ARRAY[
            CASE WHEN d < 0.5 THEN 'trade' END, CASE WHEN e < 0.4 THEN 'health' END, CASE WHEN f < 0.3 THEN 'education' END,
            CASE WHEN g < 0.2 THEN 'culture' END, CASE WHEN h < 0.03 THEN 'social' END,
            CASE WHEN part < 0.5 AND h > 0.9 THEN 'investment' END], NULL) END,
        array_remove(ARRAY[CASE WHEN NOT sheet AND f > 0.97 THEN 'trade' END, CASE WHEN e > 0.95 THEN 'health' END,
            CASE WHEN g > 0.9 THEN 'education' END, CASE WHEN h > 0.999 THEN 'culture' END, CASE WHEN e > 0.9999 THEN 'social' END], NULL),
        channels, channels, g < 0.3,
        CASE WHEN sheet THEN '{SHEETS_CODE}' WHEN f < 0.1 THEN {_array(PARTNERS)}[1 + floor(5 * h * h)::int] END,
        CASE WHEN sheet THEN 'import' ELSE 'web' END, {SUBMISSION}, at, CASE WHEN confirmed THEN at + interval '1 hour' END
    FROM (
        SELECT *, CASE WHEN sheet THEN ARRAY['call'] ELSE array_remove(ARRAY['email', CASE WHEN a < 0.4 THEN 'whatsapp' END,
                CASE WHEN b < 0.1 THEN 'sms' END, CASE WHEN c < 0.0005 THEN 'telegram' END], NULL) END AS channels,
            NOT sheet AND part < 0.9 AND b > 0.4 AS confirmed,
            {_array(_NAMES)}[1 + floor({len(_NAMES)} * a * a)::int] AS given,
            CASE WHEN n % 100000 = 1 THEN '{RARE_NAME}'
                ELSE {_array(_FAMILIES)}[1 + floor({len(_FAMILIES)} * b * c)::int] || CASE WHEN h < 0.2 THEN {_ENDING} ELSE '' END
                END AS family,
            {_array(_PLACES)}[1 + floor(100 * a * (CASE WHEN sheet THEN 0.7 ELSE 1 END))::int] AS area
        FROM (
            SELECT n, {START} + n * interval '{SECONDS_BETWEEN} s' AS at, n::float8 / {{count}} AS part,
                n::float8 / {{count}} BETWEEN 0.3 AND 0.35 AS sheet,
                random() a, random() b, random() c, random() d, random() e, random() f, random() g, random() h
            FROM generate_series({{first}}, {{count}}) n
        ) AS thrown
    ) AS person
"""
REST = (
    f"""
    INSERT INTO contact (id, member_id, kind, value, value_key, uncertain, shared)
    SELECT {EMAIL}, {MEMBER}, 'email', 'crowd' || n || '@example.org', 'crowd' || n || '@example.org', false, false
    FROM generate_series({{first}}, {{count}}) n
    """,
    f"""
    INSERT INTO contact (id, member_id, kind, value, value_key, uncertain, shared)
    SELECT {PHONE}, {MEMBER}, 'phone', '+27' || (730000000 + n), '+27' || (730000000 + n), false, false
    FROM generate_series({{first}}, {{count}}) n
    """,
    f"""
    INSERT INTO consent (member_id, purpose, channel, given, wording_version, language, at, way, submission_id)
    SELECT {MEMBER}, purpose, channel, true, '2020-01', 'en', {START}, 'api', {SUBMISSION}
    FROM generate_series({{first}}, {{count}}) n, (VALUES ('registration', NULL), ('information', 'email')) AS agreed (purpose, channel)
    """,
)


def statements(count: int, *, first: int = 1) -> list[str]:
    """Return what fills a registry's database up to so many members, from this one on: the same people each time."""
    filled = [each.format(first=first, count=count) for each in (MEMBERS, *REST)]
    # Nobody waits to be compared: what is measured is a registry in which that was done when each of them came.
    return ["SELECT setseed(0.42)", *filled, "DELETE FROM likeness_due", "VACUUM ANALYZE"]
