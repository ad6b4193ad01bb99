"""The bus laws on the in-process bus of the embedded mode."""

from collections.abc import AsyncIterator, Sequence

import pytest
import sqlalchemy as sa

from tht_kit.bus import BusMisconfigured, dead_letter_topic
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.db import Database
from tht_kit.outbox import outbox, outbox_stats

from .laws import BusLaws
from .world import World, fresh_name

BROADCAST = "laws.control"


class InProcessHarness:
    """One process: every connection is the same bus; the position is the outbox row itself."""

    patience_s = 1.0

    def __init__(self) -> None:
        self.bus = InProcessBus(compacted=frozenset({BROADCAST}), retry_first_s=0.001)

    def connect(self) -> InProcessBus:
        return self.bus

    async def make_topic(self, name: str, *, groups: Sequence[str], partitions: int = 1) -> None:
        pass

    async def make_broadcast_topic(self, name: str) -> None:
        pass

    async def has_moved(self, world: World, group: str) -> bool:
        async with world.database.read() as session:
            return (await outbox_stats(session)).depth == 0

    async def dead_letters(self, world: World, group: str) -> list[tuple[dict[str, str], bytes]]:
        query = sa.select(outbox.c.headers, outbox.c.body).where(
            outbox.c.topic == dead_letter_topic(world.topic, group),
            outbox.c.published_at.is_not(None),
        )
        async with world.database.read() as session:
            return [(row.headers, row.body) for row in (await session.execute(query)).all()]


@pytest.fixture
async def world(law_database: Database) -> AsyncIterator[World]:
    harness = InProcessHarness()
    bus = harness.connect()
    await bus.start()
    yield World(harness, law_database, fresh_name("laws."), bus)
    await bus.close()


@pytest.fixture
def broadcast() -> str:
    return BROADCAST


class TestInProcessBus(BusLaws):
    @pytest.mark.xfail(strict=True, raises=TimeoutError, reason="there is no log to lag behind in")
    async def test_a_failing_group_does_not_hold_back_another_for_longer_than_a_batch(
        self, world: World
    ) -> None:
        await super().test_a_failing_group_does_not_hold_back_another_for_longer_than_a_batch(world)

    @pytest.mark.xfail(strict=True, raises=TimeoutError, reason="nothing is kept for later groups")
    async def test_a_group_that_joins_later_reads_from_the_start(self, world: World) -> None:
        await super().test_a_group_that_joins_later_reads_from_the_start(world)

    @pytest.mark.xfail(strict=True, raises=TimeoutError, reason="there is one partition")
    async def test_a_stuck_partition_does_not_hold_back_the_others(self, world: World) -> None:
        await super().test_a_stuck_partition_does_not_hold_back_the_others(world)

    @pytest.mark.xfail(strict=True, raises=BusMisconfigured, reason="a group has one member")
    async def test_members_that_join_and_leave_lose_nothing_and_keep_the_order(
        self, world: World
    ) -> None:
        await super().test_members_that_join_and_leave_lose_nothing_and_keep_the_order(world)
