"""Events of trading-svc: blocks that moved, orders that filled, serials that were retired."""

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from tht_contracts.events.common import Block, OrganisationCode, Tonnes
from tht_kit.errors import Text
from tht_kit.events import Event

OWNER = "trading-svc"

RetirementReason = Literal[
    "ETS_COMPLIANCE",
    "EVENT_NEUTRAL",
    "ORG_NEUTRAL",
    "PERSONAL",
    "VOLUNTARY",
    "ECO_DAMAGE_COMPENSATION",
    "REVERSAL_REPLACEMENT",
]


class BlocksCredited(Event):
    """Issued serials stand in the owner's account."""

    event_type: ClassVar[str] = "trading.holdings.credited.v1"
    topic: ClassVar[str] = "trading.holdings"
    key_field: ClassVar[str] = "account_code"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="签发的减排量已入账。", en="Issued credits entered an account."
    )

    account_code: OrganisationCode
    issuance_id: str
    quantity_t: Tonnes
    blocks: list[Block]


class BufferChanged(Event):
    """Units entered the buffer, which can do nothing but cancel, or were cancelled there."""

    event_type: ClassVar[str] = "trading.holdings.buffer_changed.v1"
    topic: ClassVar[str] = "trading.holdings"
    key_field: ClassVar[str] = "account_code"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="缓冲账户变动：签发入账，或因逆转注销。",
        en="Units were issued into the buffer, or cancelled there for a reversal.",
    )

    account_code: str = Field(description="the system account of the buffer")
    cause: Literal["issued", "cancelled"]
    cause_id: str = Field(description="the issuance or the reversal")
    quantity_t: Tonnes
    blocks: list[Block]


class OrderFilled(Event):
    """A purchase settled: delivery versus payment in one transaction."""

    event_type: ClassVar[str] = "trading.orders.filled.v1"
    topic: ClassVar[str] = "trading.orders"
    key_field: ClassVar[str] = "listing_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="挂牌协议成交并交割。", en="A listed order was filled and settled."
    )

    order_id: str
    listing_id: str
    seller_code: OrganisationCode
    buyer_code: OrganisationCode
    quantity_t: Tonnes
    price_fen_per_t: int = Field(ge=1)
    amount_fen: int = Field(ge=1)
    blocks: list[Block]


class CreditsRetired(Event):
    """Serials left circulation for ever, for one purpose."""

    event_type: ClassVar[str] = "trading.retirements.retired.v1"
    topic: ClassVar[str] = "trading.retirements"
    key_field: ClassVar[str] = "account_code"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="减排量已注销，不可撤销。", en="Credits were retired, irrevocably."
    )

    retirement_id: str
    certificate_id: str
    account_code: OrganisationCode
    beneficiary_code: OrganisationCode
    reason: RetirementReason
    compliance_year: int | None
    claim_id: str | None
    quantity_t: Tonnes
    blocks: list[Block]
    retired_at: datetime
    reversal_id: str | None = Field(default=None, description="whose debt this settles (R20)")


class ObligationRecorded(Event):
    event_type: ClassVar[str] = "trading.retirements.obligation_recorded.v1"
    topic: ClassVar[str] = "trading.retirements"
    key_field: ClassVar[str] = "account_code"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="年度应清缴配额已录入。", en="A yearly surrender obligation was recorded."
    )

    account_code: OrganisationCode
    compliance_year: int
    obligation_t: int = Field(ge=0)
    due_on: date
    version: int = Field(ge=1)
