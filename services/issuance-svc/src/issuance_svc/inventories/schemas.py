"""Tree inventories on the wire."""

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, Field

from issuance_svc.inventories.models import InventoryRemark, StandRow
from issuance_svc.methodologies.calculation import Number, Words


class RemarkOut(BaseModel):
    row: int = Field(description="文件中的行号 / row of the file")
    code: str = Field(examples=["shrinks"])
    plot_no: str
    tree_no: str
    text: Words = Field(description="异常与计算方式 / what is odd and how it was counted")

    @classmethod
    def of(cls, remark: InventoryRemark) -> Self:
        return cls(
            row=remark.row_no,
            code=remark.code,
            plot_no=remark.plot_no,
            tree_no=remark.tree_no,
            text=Words(zh=remark.zh, en=remark.en),
        )


class StandOut(BaseModel):
    plot_no: str
    stratum: str
    measured_on: date
    plot_area_m2: Number
    stratum_area_ha: Number
    basis: Literal["allometry", "measured"]
    species: str | None
    trees: int
    trees_per_ha: Number
    d73_per_ha: Number | None = Field(
        description="各株 D^(7/3) 乘每公顷株数之和 / sum, cm^(7/3)/ha"
    )
    agb_t_per_ha: Number | None

    @classmethod
    def of(cls, stand: StandRow) -> Self:
        return cls.model_validate(stand, from_attributes=True)
