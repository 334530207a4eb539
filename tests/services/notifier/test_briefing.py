"""The mail with a partner's briefing pack: one for each time it was sent, with a link that is theirs alone."""

import re
from datetime import timedelta

from pydantic import SecretStr

from shared import tokens
from shared.clock import new_id, now
from shared.contracts.registry import PartnerBriefed
from tests.services.notifier.conftest import Running, address
from tests.waiting import wait_until


async def test_partner_gets_one_mail_with_a_link_of_its_own(notifier: Running) -> None:
    briefed = PartnerBriefed(briefing_id=new_id(), email=address(), language="st")
    await notifier.settle(briefed)
    await notifier.settle(briefed)  # A second message of the same fact.
    await wait_until(notifier.quiet)
    rows = await notifier.rows("SELECT status, template, member_id FROM delivery WHERE cause = :cause", cause=briefed.briefing_id)
    assert [tuple(row) for row in rows] == [("sent", "briefing", None)]
    mail = notifier.sink.bodies[briefed.email].replace(b"=\r\n", b"").replace(b"=3D", b"=").decode("ascii")
    links = set(re.findall(r"https://khokahano\.example\.org/briefing/([\w.-]+)", mail))
    assert len(links) == 1
    link = tokens.read([SecretStr("x" * 32)], "briefing", links.pop(), at=now() + timedelta(days=89))
    assert (link.subject, link.contact) == (briefed.briefing_id, None)


async def test_briefing_told_again_is_no_mail(notifier: Running) -> None:
    briefed = PartnerBriefed(briefing_id=new_id(), email=address(), language="en")
    await notifier.settle(briefed, again=True)
    assert await notifier.rows("SELECT 1 FROM delivery WHERE cause = :cause", cause=briefed.briefing_id) == []
