"""What somebody with a free hand leaves behind beside the chains: people who are gone and whose records are not, words that nobody kept."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Servers
from tests.services.registry.books import Books, opened


@pytest.fixture
def url(servers: Servers) -> str:
    """A database of this test's alone."""
    return servers.database("registry")


@pytest.fixture
async def books(servers: Servers, url: str) -> AsyncIterator[Books]:
    """A ledger of this test's alone."""
    async with opened(servers, url) as books:
        yield books


async def test_person_who_was_deleted_but_not_erased_is_found(books: Books) -> None:
    gone = books.members[1]
    await books.hand.execute("DELETE FROM contact WHERE member_id = $1", gone)
    await books.hand.execute("DELETE FROM member WHERE id = $1", gone)
    [fault] = await books.faults()
    assert (fault.kind, fault.where) == ("left_behind", {"member": gone})


async def test_wording_that_is_gone_before_any_root_named_it_is_found(books: Books) -> None:
    await books.hand.execute("INSERT INTO wording (version, language, text) VALUES ('2030-01', 'en', 'New words.')")
    record = (await books.records(3))[0]
    before = await books.kinds()
    await books.hand.execute("UPDATE consent SET wording_version = '2030-01' WHERE id = $1", record)
    assert await books.kinds() == [*before, "contents"]
    await books.hand.execute("DELETE FROM wording WHERE version = '2030-01'")
    faults = await books.faults()
    assert [fault.kind for fault in faults] == ["contents", "wording"]
    assert faults[-1].text == "records name the wording 2030-01.en, whose text is not kept"
