"""Members by the dozen: put there at once, as of so many days ago."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.clock import now
from tests.services.registry.conftest import Registry

ADD = """
    INSERT INTO member (id, version, status, given_name, family_name, name_key, search_key, country, area, needs, language, interests,
        contributions, channels, information, sharing, way, partner_code, submission_id, registered_at, confirmed_at)
    SELECT gen_random_uuid(), 1, CASE WHEN CAST(:confirmed AS int) IS NULL THEN 'registered' ELSE 'confirmed' END, 'Lerato', 'Mokoena',
        'lerato mokoena', ' lerato mokoena', split_part(:area, '-', 1), :area, '{}', 'en', '{}', '{}', CAST(:channels AS text[]), '{}',
        false, :way, :code, gen_random_uuid(), CAST(:noon AS timestamptz) - :registered * interval '1 day',
        CAST(:noon AS timestamptz) - CAST(:confirmed AS int) * interval '1 day'
    FROM generate_series(1, :count)
"""


def days_ago(days: int) -> str:
    return (now().date() - timedelta(days=days)).isoformat()


async def add(registry: Registry, area: str, count: int, registered: int, confirmed: int | None = None, **more: Any) -> None:
    """Add members who registered and confirmed so many days ago."""
    noon = now().replace(hour=12, minute=0, second=0, microsecond=0)
    usual = {"channels": ["email"], "way": "web", "code": None}
    values = {"area": area, "count": count, "registered": registered, "confirmed": confirmed, "noon": noon}
    async with registry.database.transaction() as session:
        await session.execute(text(ADD), usual | values | more)
