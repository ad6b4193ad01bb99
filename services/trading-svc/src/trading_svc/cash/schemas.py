"""Cash on the wire: integers of fen."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tht_contracts.events.common import OrganisationCode
from tht_kit.fields import Line
from trading_svc.cash.models import Deposit

BankReference = Annotated[Line, StringConstraints(max_length=100)]


class DepositIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account_code: OrganisationCode
    amount_fen: int = Field(ge=1, strict=True, description="金额（分） / amount in fen")
    bank_reference: BankReference = Field(
        description="银行流水号，唯一 / the bank's reference, unique",
        examples=["ICBC-20260601-0001"],
    )


class DepositOut(BaseModel):
    deposit_id: UUID
    account_code: str
    amount_fen: int
    bank_reference: str
    recorded_at: datetime
    balance_fen: int = Field(description="入金后可用资金 / cash available now")

    @classmethod
    def of(cls, deposit: Deposit, balance_fen: int) -> Self:
        return cls(
            deposit_id=deposit.id,
            account_code=deposit.account_code,
            amount_fen=deposit.amount_fen,
            bank_reference=deposit.bank_reference,
            recorded_at=deposit.recorded_at,
            balance_fen=balance_fen,
        )
