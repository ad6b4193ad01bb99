"""Issued credits enter the owner's account, exactly once per issuance."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.common import Block as BlockPart
from tht_contracts.events.issuance import CreditsIssued, IssuedBlock
from tht_contracts.events.registry import ProjectStatusChanged
from tht_contracts.events.trading import BlocksCredited, BufferChanged
from tht_kit.events import Event
from tht_kit.ids import new_id
from tht_kit.outbox import emit_all
from trading_svc.accounts import service as accounts
from trading_svc.accounts.models import BUFFER_CODE
from trading_svc.holdings import repository
from trading_svc.holdings.models import BUFFER, Block, Lot
from trading_svc.holdings.repository import as_range
from trading_svc.holdings.rules import Span


class IssuanceRefused(Exception):
    """An issuance that contradicts what stands; `index` is its place in the batch."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


async def credit(
    session: AsyncSession, issuances: Sequence[tuple[CreditsIssued, datetime]], *, now: datetime
) -> None:
    """Open lots and blocks for issuances that are new; the same issuance again changes nothing.

    Raises IssuanceRefused if the numbers do not add up, differ from what the same issuance said
    before, or were issued to somebody else.
    """
    spans = [_span(part) for data, _ in issuances for part in data.blocks]
    standing = list(await repository.lots_touching(session, spans))
    standing += [
        lot
        for lot in await repository.lots_of(session, [UUID(d.issuance_id) for d, _ in issuances])
        if lot not in standing
    ]
    fresh: list[tuple[CreditsIssued, list[Lot]]] = []
    for index, (data, issued_at) in enumerate(issuances):
        lots = [_lot(data, part, issued_at) for part in data.blocks]
        if _check(index, data, lots, standing):
            fresh.append((data, lots))
            standing += lots
    if not fresh:
        return
    await accounts.announce(session, {data.owner_code for data, _ in fresh}, now=now)
    lots = [lot for _, found in fresh for lot in found]
    await repository.issue(session, lots, [_first_block(lot, now) for lot in lots])
    await emit_all(session, [told for data, _ in fresh for told in _told(data)], now=now)


def _span(part: IssuedBlock) -> Span:
    return Span(part.start, part.end)


def _check(index: int, data: CreditsIssued, lots: list[Lot], standing: list[Lot]) -> bool:
    """Say whether the issuance is new; raises IssuanceRefused."""
    quantity_t = _quantity_t(data.blocks)
    if quantity_t != data.quantity_t or any(part.end < part.start for part in data.blocks):
        raise IssuanceRefused(index, f"the blocks hold {quantity_t} t, not {data.quantity_t} t")
    for lot, part in zip(lots, data.blocks, strict=True):
        if lot.serial_text(_span(part)) != part.serial:
            raise IssuanceRefused(index, f"{part.serial} is not {lot.serial_text(_span(part))}")
    before = [lot for lot in standing if lot.issuance_id == lots[0].issuance_id]
    if before:
        if _facts(before) != _facts(lots):
            raise IssuanceRefused(index, f"issuance {data.issuance_id} was different before")
        return False
    for lot in lots:
        clash = next((other for other in standing if _share(lot, other)), None)
        if clash is not None:
            raise IssuanceRefused(
                index, f"serials {lot.serials} stand in issuance {clash.issuance_id} already"
            )
        standing = [*standing, lot]
    return True


def _facts(lots: Sequence[Lot]) -> set[tuple[object, ...]]:
    return {
        (lot.vintage, lot.account, repository.as_span(lot.serials), lot.owner_code, lot.project_id)
        for lot in lots
    }


def _share(one: Lot, other: Lot) -> bool:
    spans = repository.as_span(one.serials), repository.as_span(other.serials)
    return spans[0].common(spans[1]) is not None


def _lot(data: CreditsIssued, part: IssuedBlock, issued_at: datetime) -> Lot:
    return Lot(
        id=new_id(),
        issuance_id=UUID(data.issuance_id),
        serials=as_range(_span(part)),
        project_id=UUID(data.project_id),
        vintage=part.vintage,
        account=part.account,
        batch_no=data.batch_no,
        project_no=data.project_no,
        project_name=data.project_name,
        project_type=data.project_type,
        unit_type=data.unit_type,
        scope_code=data.scope_code,
        methodology_code=data.methodology_code,
        district_code=data.district_code,
        is_local=data.is_local,
        owner_code=data.owner_code,
        operation_date=data.operation_date,
        registered_on=data.registered_on,
        period_start=data.period_start,
        period_end=data.period_end,
        issued_at=issued_at,
    )


def _first_block(lot: Lot, now: datetime) -> Block:
    return Block(
        id=new_id(),
        block=lot.serials,
        lot_id=lot.id,
        account_code=BUFFER_CODE if lot.account == BUFFER else lot.owner_code,
        project_id=lot.project_id,
        vintage=lot.vintage,
        acquired_at=now,
    )


def _told(data: CreditsIssued) -> list[Event]:
    """Return what is told of an issuance: the owner's units, and apart from them the buffer's."""
    owned = [part for part in data.blocks if part.account != BUFFER]
    kept = [part for part in data.blocks if part.account == BUFFER]
    told: list[Event] = []
    if owned:
        credited = BlocksCredited(
            account_code=data.owner_code,
            issuance_id=data.issuance_id,
            quantity_t=_quantity_t(owned),
            blocks=_parts(data, owned),
        )
        told.append(credited)
    if kept:
        buffered = BufferChanged(
            account_code=BUFFER_CODE,
            cause="issued",
            cause_id=data.issuance_id,
            quantity_t=_quantity_t(kept),
            blocks=_parts(data, kept),
        )
        told.append(buffered)
    return told


def _quantity_t(parts: Sequence[IssuedBlock]) -> int:
    return sum(part.end - part.start + 1 for part in parts)


def _parts(data: CreditsIssued, parts: Sequence[IssuedBlock]) -> list[BlockPart]:
    return [
        BlockPart(project_id=data.project_id, vintage=part.vintage, start=part.start, end=part.end)
        for part in parts
    ]


async def note_project_states(
    session: AsyncSession, changes: Sequence[ProjectStatusChanged]
) -> None:
    """Keep the newest status of each project."""
    newest = {found.project_id: found for found in sorted(changes, key=lambda each: each.version)}
    rows = [
        {"project_id": UUID(found.project_id), "status": found.status, "version": found.version}
        for _, found in sorted(newest.items())
    ]
    await repository.copy_project_states(session, rows)
