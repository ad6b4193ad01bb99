"""The buffer on the wire."""

from typing import Self

from pydantic import BaseModel, Field

from issuance_svc.buffer.repository import ProjectBalance


class BufferTotalsOut(BaseModel):
    deposited_t: int = Field(description="历次签发入账 / ever issued into the buffer")
    cancelled_t: int = Field(description="因逆转注销 / cancelled for reversals")
    balance_t: int

    @classmethod
    def of(cls, totals: tuple[int, int]) -> Self:
        deposited_t, cancelled_t = totals
        return cls(
            deposited_t=deposited_t, cancelled_t=cancelled_t, balance_t=deposited_t - cancelled_t
        )


class ProjectBufferOut(BufferTotalsOut):
    project_id: str

    @classmethod
    def of_project(cls, found: ProjectBalance) -> Self:
        return cls(
            project_id=found.project_id,
            deposited_t=found.deposited_t,
            cancelled_t=found.cancelled_t,
            balance_t=found.balance_t,
        )
