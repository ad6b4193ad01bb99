"""SQL of the inventories."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.inventories.models import InventoryRemark, StandRow, TreeMeasurement
from issuance_svc.inventories.rules import Remark, Stand, Tree

NOT_OF_A_TREE = ("plot_area_m2", "stratum_area_ha")


class Inventory(Protocol):
    """What is written of one file."""

    @property
    def trees(self) -> Sequence[Tree]: ...
    @property
    def stands(self) -> Sequence[Stand]: ...
    @property
    def remarks(self) -> Sequence[Remark]: ...


async def copy_inventory(session: AsyncSession, upload_id: UUID, found: Inventory) -> None:
    """Write trees, stands and remarks with COPY, in the caller's transaction."""
    trees = [
        {name: value for name, value in asdict(tree).items() if name not in NOT_OF_A_TREE}
        for tree in found.trees
    ]
    stands = [{"group_key": stand.species or "", **asdict(stand)} for stand in found.stands]
    remarks = [
        {
            "remark_no": number,
            "row_no": remark.row_no,
            "code": remark.code,
            "plot_no": remark.plot_no,
            "tree_no": remark.tree_no,
            "zh": remark.text.zh,
            "en": remark.text.en,
        }
        for number, remark in enumerate(found.remarks, start=1)
    ]
    for model, rows in (
        (TreeMeasurement, trees),
        (StandRow, stands),
        (InventoryRemark, remarks),
    ):
        await _copy(session, str(model.__tablename__), upload_id, rows)


async def _copy(
    session: AsyncSession, table: str, upload_id: UUID, rows: Sequence[dict[str, Any]]
) -> None:
    if not rows:
        return
    raw = await (await session.connection()).get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table(
        table,
        columns=["upload_id", *rows[0]],
        records=[(upload_id, *row.values()) for row in rows],
    )


async def list_stands(
    session: AsyncSession, upload_ids: Sequence[UUID], *, limit: int
) -> Sequence[StandRow]:
    """Return up to `limit` stands of the uploads, in order."""
    statement = (
        select(StandRow)
        .where(StandRow.upload_id.in_(upload_ids))
        .order_by(StandRow.plot_no, StandRow.measured_on, StandRow.group_key, StandRow.upload_id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def list_stands_after(
    session: AsyncSession, upload_id: UUID, *, after: Sequence[Any] | None, limit: int
) -> Sequence[StandRow]:
    """Return up to `limit` stands of one upload after a (plot_no, measured_on, group_key)."""
    keys = (StandRow.plot_no, StandRow.measured_on, StandRow.group_key)
    statement = select(StandRow).where(StandRow.upload_id == upload_id).order_by(*keys).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(*keys) > tuple_(*after))
    return (await session.scalars(statement)).all()


async def list_remarks(
    session: AsyncSession, upload_id: UUID, *, code: str | None, after: int, limit: int
) -> Sequence[InventoryRemark]:
    """Return up to `limit` remarks after a number, in the order of the rows."""
    statement = (
        select(InventoryRemark)
        .where(InventoryRemark.upload_id == upload_id, InventoryRemark.remark_no > after)
        .order_by(InventoryRemark.remark_no)
        .limit(limit)
    )
    if code is not None:
        statement = statement.where(InventoryRemark.code == code)
    return (await session.scalars(statement)).all()
