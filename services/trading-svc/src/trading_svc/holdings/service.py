"""Holdings: choose serials, move them, tell where any of them stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.common import Block as BlockPart
from tht_kit.db import AsyncReadSession
from tht_kit.errors import FieldProblem, Text
from tht_kit.ids import new_id
from trading_svc.debts import service as debts
from trading_svc.debts.models import Debt
from trading_svc.holdings import movement_repository, repository, rules
from trading_svc.holdings.errors import (
    CreditsInsufficient,
    SerialsMalformed,
    SerialsScattered,
    SerialsUnavailable,
    SerialUnknown,
    TooManyBlocks,
)
from trading_svc.holdings.models import BlockState, Cause, Lineage, Lot
from trading_svc.holdings.movement_repository import Change
from trading_svc.holdings.repository import HeldBlock
from trading_svc.holdings.rules import SerialText, Span, Take

AnySession = AsyncSession | AsyncReadSession

# Enough for most requests in one read; a request over many small blocks reads on.
CANDIDATES_PER_READ = 100
# Bounds the time that a movement holds its locks, the size of its event and of its certificate.
BLOCKS_MAX = 2000
# A public question over the whole line would read every block there is.
PLACES_MAX = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """A part of a block that a request is about to use, and what is known of it."""

    block: HeldBlock
    span: Span

    @property
    def lot(self) -> Lot:
        return self.block.lot

    @property
    def serial_text(self) -> str:
        return self.lot.serial_text(self.span)


@dataclass(frozen=True, slots=True)
class Run:
    """Serials of one lot without a gap, in however many blocks they stand: told as one range."""

    lot: Lot
    span: Span

    @property
    def serial_text(self) -> str:
        return self.lot.serial_text(self.span)

    @property
    def part(self) -> BlockPart:
        """Return the span as it stands in events."""
        return BlockPart(
            project_id=str(self.lot.project_id),
            vintage=self.lot.vintage,
            start=self.span.first,
            end=self.span.last,
        )


def runs(parts: Iterable[Choice | HeldBlock]) -> list[Run]:
    """Return the same serials as the fewest ranges, in the order of their numbers."""
    result: list[Run] = []
    for part in sorted(parts, key=lambda each: each.span):
        last = result[-1] if result else None
        if last and last.lot.id == part.lot.id and last.span.last + 1 == part.span.first:
            result[-1] = Run(last.lot, Span(last.span.first, part.span.last))
        else:
            result.append(Run(part.lot, part.span))
    return result


def total_t(choices: Sequence[Choice]) -> int:
    return sum(choice.span.quantity_t for choice in choices)


async def choose(
    session: AsyncSession,
    account_code: str,
    *,
    quantity_t: int,
    project_id: UUID | None = None,
    vintage: int | None = None,
    unit_type: str | None = None,
    frozen_too: bool = False,
) -> list[Choice]:
    """Choose held units, first acquired first, head of each block first (R33).

    The caller holds the account's lock. `frozen_too` is for callers that refuse frozen units with
    a reason of their own. Raises CreditsInsufficient (R28), TooManyBlocks.
    """
    choices: list[Choice] = []
    after: tuple[int, int] | None = None
    missing_t = quantity_t
    while missing_t > 0:
        page = await repository.head_of_held(
            session,
            account_code,
            quantity_t=missing_t,
            project_id=project_id,
            vintage=vintage,
            unit_type=unit_type,
            frozen_too=frozen_too,
            after=after,
            limit=CANDIDATES_PER_READ,
        )
        blocks = {block.id: block for block in page}
        takes = rules.take_from_head([(b.id, b.span) for b in page], missing_t)
        choices += [Choice(blocks[take.block_id], take.span) for take in takes]
        missing_t = quantity_t - total_t(choices)
        must_be_few(choices, quantity_t)
        if len(page) < CANDIDATES_PER_READ:
            break
        after = (page[-1].acquired_seq, page[-1].span.first)
    if missing_t > 0:
        raise CreditsInsufficient(
            pointer="/quantity_t",
            organisation_code=account_code,
            quantity_t=quantity_t,
            available_t=await repository.available_t(
                session,
                account_code,
                project_id=project_id,
                vintage=vintage,
                unit_type=unit_type,
            ),
        )
    return choices


def must_be_few(choices: Sequence[Choice], quantity_t: int) -> None:
    """Raise TooManyBlocks for more blocks than one movement takes."""
    if len(choices) > BLOCKS_MAX:
        raise _too_many(choices, quantity_t, pointer="/quantity_t")


def _too_many(choices: Sequence[Choice], quantity_t: int, *, pointer: str) -> TooManyBlocks:
    fits_t = total_t(choices[:BLOCKS_MAX])
    return TooManyBlocks(pointer=pointer, limit=BLOCKS_MAX, quantity_t=quantity_t, fits_t=fits_t)


async def choose_named(
    session: AsyncSession, named: Sequence[Span], *, quantity_t: int
) -> list[Choice]:
    """Return the named serials, whatever state they are in and whoever holds them.

    The caller holds the account's lock and judges them (see `refuse_unusable`).
    Raises SerialsMalformed, SerialUnknown, TooManyBlocks.
    """
    if (twice := rules.overlap(named)) is not None:
        reason = Text(
            zh=f"编号 {twice.first} 至 {twice.last} 重复出现。",
            en=f"{twice.first} to {twice.last} are named twice.",
        )
        raise SerialsMalformed(pointer="/serials", reason=reason)
    named_t = sum(span.quantity_t for span in named)
    if named_t != quantity_t:
        reason = Text(
            zh=f"各段共 {named_t} t，与 quantity_t = {quantity_t} 不符。",
            en=f"the spans hold {named_t} t, quantity_t says {quantity_t}.",
        )
        raise SerialsMalformed(pointer="/serials", reason=reason)
    touched = await repository.touching(session, named, limit=BLOCKS_MAX + 1)
    blocks = {block.id: block for block in touched}
    takes = rules.take_named([(block.id, block.span) for block in touched], named)
    if len(takes) > BLOCKS_MAX:
        choices = [Choice(blocks[take.block_id], take.span) for take in takes]
        raise _too_many(choices, quantity_t, pointer="/serials")
    if sum(take.span.quantity_t for take in takes) != named_t:
        raise SerialUnknown(pointer="/serials", serial=_first_unknown(named, takes))
    return [Choice(blocks[take.block_id], take.span) for take in takes]


def _first_unknown(named: Sequence[Span], takes: Sequence[Take]) -> str:
    for span in named:
        found = [part for take in takes if (part := take.span.common(span)) is not None]
        if sum(part.quantity_t for part in found) != span.quantity_t:
            return f"{span.first}-{span.last}"
    return ""


def state_refusals(choice: Choice, account_code: str) -> list[tuple[str, Text]]:
    """Return why a span cannot be used by the account in the state it is in: code and words."""
    block = choice.block
    found = []
    if block.state == BlockState.RETIRED:
        found.append(("RETIRED", Text(zh="已注销", en="retired already")))
    elif block.state == BlockState.CANCELLED:
        found.append(("CANCELLED", Text(zh="已因逆转注销", en="cancelled for a reversal")))
    elif block.account_code != account_code:
        found.append(("NOT_HELD", Text(zh="不在本账户", en="not in this account")))
    elif block.state == BlockState.RESERVED:
        found.append(("LISTED", Text(zh="已挂牌", en="stands in a listing")))
    if block.frozen and block.account_code == account_code:
        found.append(("FROZEN", Text(zh="已冻结", en="frozen")))
    return found


def refuse_unusable(choices: Sequence[Choice], account_code: str) -> None:
    """Raise SerialsUnavailable listing every reason unless all spans are held and free."""
    problems = [
        FieldProblem(f"serial:{choice.serial_text},reason:{code}", words)
        for choice in choices
        for code, words in state_refusals(choice, account_code)
    ]
    if problems:
        raise SerialsUnavailable(count=len(problems), errors=problems)


async def move(session: AsyncSession, choices: Sequence[Choice], change: Change) -> None:
    """Carry out one change on parts of blocks that all stand as it says they do."""
    takes = [Take(choice.block.id, choice.block.span, choice.span) for choice in choices]
    await movement_repository.apply(session, rules.plan(takes, new_id), change)


async def reserve(
    session: AsyncSession,
    choices: Sequence[Choice],
    *,
    account_code: str,
    listing_id: UUID,
    now: datetime,
) -> None:
    """Set held units aside for a listing: the exact serials, until it is filled or withdrawn."""
    change = Change(
        cause=Cause.LISTED,
        cause_id=listing_id,
        from_account=account_code,
        to_account=account_code,
        from_state=BlockState.HELD,
        to_state=BlockState.RESERVED,
        listing_id=listing_id,
        retirement_id=None,
        now=now,
    )
    await move(session, choices, change)


async def release(
    session: AsyncSession, *, account_code: str, listing_id: UUID, now: datetime
) -> None:
    """Give a listing's remaining units back; they keep their place in the order of use."""
    blocks = await repository.of_listing(session, listing_id)
    change = Change(
        cause=Cause.UNLISTED,
        cause_id=listing_id,
        from_account=account_code,
        to_account=account_code,
        from_state=BlockState.RESERVED,
        to_state=BlockState.HELD,
        listing_id=None,
        retirement_id=None,
        now=now,
    )
    await move(session, [Choice(block, block.span) for block in blocks], change)


async def reserved_for(session: AsyncSession, listing_id: UUID) -> list[HeldBlock]:
    """Return a listing's units in the order in which they are sold; the caller holds its lock."""
    return await repository.of_listing(session, listing_id)


async def deliver(
    session: AsyncSession,
    reserved: Sequence[HeldBlock],
    *,
    order_id: UUID,
    seller_code: str,
    buyer_code: str,
    quantity_t: int,
    now: datetime,
) -> list[Choice]:
    """Move a quantity of a listing's units to the buyer. The caller holds the listing's lock."""
    blocks = {block.id: block for block in reserved}
    takes = rules.take_from_head([(b.id, b.span) for b in blocks.values()], quantity_t)
    choices = [Choice(blocks[take.block_id], take.span) for take in takes]
    if total_t(choices) != quantity_t:
        raise RuntimeError(f"the listing of order {order_id} lacks the {quantity_t} t it offers")
    change = Change(
        cause=Cause.SOLD,
        cause_id=order_id,
        from_account=seller_code,
        to_account=buyer_code,
        from_state=BlockState.RESERVED,
        to_state=BlockState.HELD,
        listing_id=None,
        retirement_id=None,
        now=now,
    )
    await move(session, choices, change)
    return choices


async def retire(
    session: AsyncSession,
    choices: Sequence[Choice],
    *,
    account_code: str,
    retirement_id: UUID,
    now: datetime,
) -> None:
    """Take held or frozen units out of circulation for ever. No function of this service undoes it.

    Whoever takes frozen units has checked that they go where they are kept for.
    """
    if any(each.block.state not in (BlockState.HELD, BlockState.FROZEN) for each in choices):
        raise RuntimeError(f"retirement {retirement_id} was given units that cannot be retired")
    for state in (BlockState.HELD, BlockState.FROZEN):
        standing = [choice for choice in choices if choice.block.state == state]
        if not standing:
            continue
        change = Change(
            cause=Cause.RETIRED,
            cause_id=retirement_id,
            from_account=account_code,
            to_account=account_code,
            from_state=state,
            to_state=BlockState.RETIRED,
            listing_id=None,
            retirement_id=retirement_id,
            now=now,
        )
        await move(session, standing, change)


async def list_of_account(
    session: AnySession, account_code: str, *, after_first: int | None, limit: int
) -> list[HeldBlock]:
    return await repository.of_account(session, account_code, after_first=after_first, limit=limit)


async def list_of_retirement(session: AnySession, retirement_id: UUID) -> list[HeldBlock]:
    return await repository.of_retirement(session, retirement_id)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a printed range stands now, and how its first number came there."""

    block: HeldBlock
    span: Span
    trail: Sequence[Lineage]
    concerned: Sequence[Debt]


def parse_serial(text: str) -> Span:
    """Return the numbers of 501, 501-2519 or a printed serial; raises SerialUnknown."""
    try:
        if text.startswith("CQ-"):
            return SerialText.parse(text).span
        first, _, last = text.partition("-")
        if not (text.isascii() and first.isdigit() and (last or first).isdigit()):
            raise ValueError(text)
        return Span(int(first), int(last or first))
    except ValueError:
        raise SerialUnknown(serial=text[:100]) from None


async def trace(session: AsyncReadSession, text: str) -> list[Place]:
    """Find where serials stand now, however long ago they were printed, and how they came there.

    Raises SerialUnknown for numbers never issued or a printed serial that is not theirs,
    SerialsScattered.
    """
    span = parse_serial(text)
    blocks = await repository.touching(session, [span], limit=PLACES_MAX + 1)
    if len(blocks) > PLACES_MAX:
        raise SerialsScattered(limit=PLACES_MAX)
    parts = [(block, part) for block in blocks if (part := block.span.common(span)) is not None]
    if sum(part.quantity_t for _, part in parts) != span.quantity_t:
        raise SerialUnknown(serial=text)
    if text.startswith("CQ-") and any(block.lot.serial_text(span) != text for block, _ in parts):
        raise SerialUnknown(serial=text)
    trails = await repository.trails(session, [(block.id, part.first) for block, part in parts])
    flags = await debts.flags_of(session, {block.lot.issuance_id for block, _ in parts})
    return [
        Place(block, part, trails[block.id], flags.get(block.lot.issuance_id, ()))
        for block, part in parts
    ]
