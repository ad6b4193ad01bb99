"""Any sequence of issuing, listing, buying, retiring, reversing and settling, events told twice or
not, leaves every serial in one place.

A model keeps where each number should be; after every sequence the database must say the same.
"""

from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tht_contracts.events.common import Block
from tht_contracts.events.issuance import CreditsIssued, ReversalRecorded
from tht_kit.errors import DomainError
from tht_kit.events import Event
from trading_svc.accounts.models import BUFFER_CODE
from trading_svc.cash import service as cash
from trading_svc.holdings.rules import Span
from trading_svc.market import service as market
from trading_svc.overview import service as overview
from trading_svc.retirements import service as retirements
from trading_svc.retirements import settle

ACCOUNTS = 3
PRICE_FEN = 100
FUNDS_FEN = 10_000

index = st.integers(0, ACCOUNTS - 1)
quantity = st.integers(1, 60)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), index, quantity),
        st.tuples(st.just("offer"), index, quantity),
        st.tuples(st.just("withdraw"), st.integers(0, 5), quantity),
        st.tuples(st.just("buy"), index, quantity),
        st.tuples(st.just("retire"), index, quantity),
        st.tuples(st.just("retire_named"), index, quantity),
        st.tuples(st.just("reverse"), index, quantity),
        st.tuples(st.just("settle"), st.integers(0, 5), quantity),
        st.tuples(st.just("repeat"), st.integers(0, 20), quantity),
    ),
    min_size=5,
    max_size=16,
)


@dataclass
class Model:
    """Where every number of this example should stand."""

    codes: list[str]
    place: dict[int, tuple[str, str]] = field(default_factory=dict)
    listings: list[tuple[UUID, str]] = field(default_factory=list)
    cash_fen: dict[str, int] = field(default_factory=dict)
    owed_t: dict[UUID, int] = field(default_factory=dict)
    frozen: dict[int, UUID] = field(default_factory=dict)

    def numbers(self, code: str, state: str) -> list[int]:
        return sorted(n for n, found in self.place.items() if found == (code, state))

    def move(self, spans: list[Span], before: tuple[str, str], after: tuple[str, str]) -> None:
        for span in spans:
            for number in range(span.first, span.last + 1):
                assert self.place[number] == before, (number, self.place[number], before)
                self.place[number] = after


class Example:
    """One example's accounts and projects on the shared database."""

    counter = 0

    def __init__(self, world) -> None:
        self.world = world
        self.database = world.container.database
        Example.counter += 1
        self.model = Model([f"9150000{Example.counter:06d}0000{i}" for i in range(ACCOUNTS)])
        self.projects: list[CreditsIssued] = []
        self.reversals: list[ReversalRecorded] = []
        self.told: list[Event] = []
        self.listed: dict[int, UUID] = {}

    async def begin(self) -> None:
        for code in self.model.codes:
            await self.world.organisation(code, "owner")
            await self.world.fund(code, FUNDS_FEN)
            self.model.cash_fen[code] = FUNDS_FEN
        await self.issue(0, 50)

    async def issue(self, i: int, quantity_t: int) -> None:
        """Issue; a tenth of what can be divided by ten goes into the buffer."""
        code = self.model.codes[i]
        buffer_t = quantity_t // 10 if quantity_t % 10 == 0 else 0
        issued = (
            self.world.buffered(quantity_t - buffer_t, buffer_t, owner=code)
            if buffer_t
            else self.world.issuance(quantity_t, owner=code)
        )
        await self.world.deliver(issued)
        self.told.append(issued)
        self.projects.append(issued)
        for block in issued.blocks:
            holder = BUFFER_CODE if block.account == "buffer" else code
            for number in range(block.start, block.end + 1):
                self.model.place[number] = (holder, "held")

    async def reverse(self, i: int, quantity_t: int) -> None:
        """Lose units of a project: free buffer units first, the rest is its owner's debt."""
        issued = self.projects[(i + quantity_t) % len(self.projects)]
        free = [
            number
            for block in issued.blocks
            if block.account == "buffer"
            for number in range(block.start, block.end + 1)
            if self.model.place[number] == (BUFFER_CODE, "held")
        ][:quantity_t]
        blocks = (
            [Block(project_id=issued.project_id, vintage=2025, start=free[0], end=free[-1])]
            if free
            else []
        )
        told = self.world.reversal(issued, quantity_t - len(free), buffer_blocks=blocks)
        await self.world.deliver(told)
        self.told.append(told)
        self.reversals.append(told)
        reversal_id, owner = UUID(told.reversal_id), issued.owner_code
        own = range(issued.blocks[0].start, issued.blocks[-1].end + 1)
        reachable = [
            n for n in own if self.model.place[n] in {(owner, "held"), (owner, "reserved")}
        ]
        frozen = [n for span in await self.frozen(reversal_id) for n in span]
        assert len(frozen) == min(told.debt_t, len(reachable))
        assert set(frozen) <= set(reachable)
        statement = text("SELECT id FROM listings WHERE status = 'withdrawn'")
        async with self.database.read() as session:
            withdrawn = set((await session.scalars(statement)).all())
        for n in reachable:
            if self.model.place[n][1] == "reserved" and self.of_listing(n) in withdrawn:
                self.model.place[n] = (owner, "held")
        for n in frozen:
            assert self.model.place[n] == (owner, "held"), "frozen out of a live listing"
            self.model.place[n] = (owner, "frozen")
            self.model.frozen[n] = reversal_id
        for n in free:
            self.model.place[n] = (BUFFER_CODE, "cancelled")
        self.model.owed_t[reversal_id] = told.debt_t

    def of_listing(self, number: int) -> UUID | None:
        return self.listed.get(number)

    async def frozen(self, reversal_id: UUID) -> list[range]:
        statement = text(
            "SELECT lower(block), upper(block) FROM blocks"
            " WHERE reversal_id = :id AND state = 'frozen'"
        )
        async with self.database.read() as session:
            rows = (await session.execute(statement, {"id": reversal_id})).all()
        return [range(*row) for row in rows]

    async def settle(self, i: int, quantity_t: int) -> None:
        if not self.reversals:
            return
        told = self.reversals[i % len(self.reversals)]
        reversal_id, owner = UUID(told.reversal_id), told.owner_code
        quantity_t = self.often_enough(quantity_t, self.model.owed_t[reversal_id])
        async with self.database.write() as session:
            retired = await settle.settle(
                session,
                self.world.container.issuer,
                account_code=owner,
                reversal_id=reversal_id,
                quantity_t=quantity_t,
                serials=[],
                note=None,
                retired_by="test",
                now=self.world.container.clock.now(),
            )
        self.model.owed_t[reversal_id] -= quantity_t
        for number in [n for span, _ in retired.spans for n in range(span.first, span.last + 1)]:
            mine = self.model.frozen.pop(number, reversal_id) == reversal_id
            assert mine, "a unit that is kept for another debt"
            assert self.model.place[number] in {(owner, "frozen"), (owner, "held")}
            self.model.place[number] = (owner, "retired")
        left = {n for span in await self.frozen(reversal_id) for n in span}
        assert len(left) <= self.model.owed_t[reversal_id]
        for number, kept_for in list(self.model.frozen.items()):
            if kept_for == reversal_id and number not in left:
                self.model.place[number] = (owner, "held")
                del self.model.frozen[number]

    async def repeat(self, i: int, _quantity_t: int) -> None:
        """Tell an old fact again under an id of its own: nothing may be counted twice."""
        await self.world.deliver(self.told[i % len(self.told)])

    async def offer(self, i: int, quantity_t: int) -> None:
        code = self.model.codes[i]
        held = self.model.numbers(code, "held")
        if not held:
            return
        number = held[quantity_t % len(held)]
        [issued] = [p for p in self.projects if p.blocks[0].start <= number <= p.blocks[-1].end]
        quantity_t = self.often_enough(quantity_t, len(held))
        async with self.database.write() as session:
            listing = await market.offer(
                session,
                seller_code=code,
                project_id=UUID(issued.project_id),
                vintage=issued.blocks[0].vintage,
                quantity_t=quantity_t,
                price_fen_per_t=PRICE_FEN,
                now=self.world.container.clock.now(),
            )
        self.model.listings.append((listing.id, code))
        spans = await self.reserved(listing.id)
        self.model.move(spans, (code, "held"), (code, "reserved"))
        self.listed |= {n: listing.id for s in spans for n in range(s.first, s.last + 1)}

    @staticmethod
    def often_enough(quantity_t: int, held_t: int) -> int:
        """Ask for no more than there is, except now and then."""
        return quantity_t if quantity_t % 5 == 0 else 1 + quantity_t % max(1, held_t)

    async def reserved(self, listing_id: UUID) -> list[Span]:
        statement = text("SELECT lower(block), upper(block) - 1 FROM blocks WHERE listing_id = :id")
        async with self.database.read() as session:
            rows = (await session.execute(statement, {"id": listing_id})).all()
        return [Span(*row) for row in rows]

    async def withdraw(self, i: int, _quantity_t: int) -> None:
        if not self.model.listings:
            return
        listing_id, code = self.model.listings[i % len(self.model.listings)]
        spans = await self.reserved(listing_id)
        async with self.database.write() as session:
            await market.withdraw(
                session,
                listing_id=listing_id,
                seller_code=code,
                now=self.world.container.clock.now(),
            )
        self.model.move(spans, (code, "reserved"), (code, "held"))

    async def buy(self, i: int, quantity_t: int) -> None:
        if not self.model.listings:
            return
        buyer = self.model.codes[i]
        listing_id, seller = self.model.listings[quantity_t % len(self.model.listings)]
        async with self.database.write() as session:
            order, delivered = await market.buy(
                session,
                buyer_code=buyer,
                listing_id=listing_id,
                quantity_t=quantity_t,
                price_fen_per_t_max=PRICE_FEN,
                now=self.world.container.clock.now(),
            )
        assert sum(choice.span.quantity_t for choice in delivered) == quantity_t
        self.model.move([c.span for c in delivered], (seller, "reserved"), (buyer, "held"))
        self.model.cash_fen[buyer] -= order.amount_fen
        self.model.cash_fen[seller] += order.amount_fen

    async def retire(self, i: int, quantity_t: int, serials: list[Span] | None = None) -> None:
        code = self.model.codes[i]
        if not serials:
            quantity_t = self.often_enough(quantity_t, len(self.model.numbers(code, "held")))
        async with self.database.write() as session:
            retired = await retirements.retire_own(
                session,
                self.world.container.issuer,
                account_code=code,
                reason="VOLUNTARY",
                quantity_t=quantity_t,
                beneficiary_code=code,
                project_id=None,
                vintage=None,
                serials=serials or [],
                note=None,
                retired_by="test",
                now=self.world.container.clock.now(),
            )
        self.model.move([s for s, _ in retired.spans], (code, "held"), (code, "retired"))

    async def retire_named(self, i: int, quantity_t: int) -> None:
        held = self.model.numbers(self.model.codes[i], "held") or sorted(self.model.place)
        first = held[(quantity_t * 7) % len(held)]
        last = first + (quantity_t % 9 if quantity_t % 5 else quantity_t)
        await self.retire(i, last - first + 1, [Span(first, last)])

    async def check(self) -> None:
        statement = text(
            "SELECT lower(block), upper(block) - 1, account_code, state FROM blocks"
            " WHERE account_code = ANY(:codes) OR account_code = 'SYSTEM-BUFFER'"
            " AND lot_id IN (SELECT id FROM lots WHERE owner_code = ANY(:codes))"
        )
        async with self.database.read() as session:
            rows = (await session.execute(statement, {"codes": self.model.codes})).all()
            totals = await overview.get_totals(session)
            balances = {code: await cash.balance_fen(session, code) for code in self.model.codes}
        stands = {
            number: (code, state)
            for first, last, code, state in rows
            for number in range(first, last + 1)
        }
        assert stands == self.model.place
        assert balances == self.model.cash_fen
        assert all(totals.invariants.values()), totals


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations)
async def test_every_serial_is_in_exactly_one_place(world, steps):
    example = Example(world)
    await example.begin()
    for name, i, quantity_t in steps:
        before = dict(example.model.place)
        try:
            await getattr(example, name)(i, quantity_t)
        except DomainError:
            # Refused: nothing may have changed, which `check` proves.
            assert example.model.place == before
    await example.check()
