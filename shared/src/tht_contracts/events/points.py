"""Events of points-svc: trip batches, points, redemptions, aggregates. No citizen is named in any."""

from datetime import date
from typing import ClassVar

from pydantic import Field

from tht_contracts.events.common import OrganisationCode
from tht_kit.errors import Text
from tht_kit.events import Event

OWNER = "points-svc"


class TripBatchCredited(Event):
    """A partner's batch was decided; one event per batch, totals only."""

    event_type: ClassVar[str] = "points.trips.batch_credited.v1"
    topic: ClassVar[str] = "points.trips"
    key_field: ClassVar[str] = "partner_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(zh="一批出行记录已判定。", en="A batch of trips was decided.")

    batch_id: str
    partner_id: str
    accepted: int = Field(ge=0)
    duplicate: int = Field(ge=0)
    conflict: int = Field(ge=0)
    rejected: int = Field(ge=0)
    quarantined: int = Field(ge=0)
    credited_g: int = Field(ge=0)
    credited_tenths: int = Field(ge=0)
    adjusted_g: int = Field(default=0, description="change to earlier trips of the day, signed")
    adjusted_tenths: int = Field(default=0, description="change to earlier trips, signed")


class PointsRedeemed(Event):
    event_type: ClassVar[str] = "points.redemptions.redeemed.v1"
    topic: ClassVar[str] = "points.redemptions"
    key_field: ClassVar[str] = "reward_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(zh="积分已兑换。", en="Points were redeemed for a reward.")

    redemption_id: str
    reward_id: str
    quantity: int = Field(ge=1)
    points_tenths: int = Field(ge=1)


class AggregateClosed(Event):
    """Credited grams were gathered, each trip once for ever: an activity-data source for issuance."""

    event_type: ClassVar[str] = "points.aggregates.closed.v1"
    topic: ClassVar[str] = "points.aggregates"
    key_field: ClassVar[str] = "aggregate_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="公众减排量已汇总，每条行为只汇总一次。",
        en="Citizens' reductions were aggregated, each behaviour once.",
    )

    aggregate_id: str
    project_id: str
    operator_code: OrganisationCode
    period_start: date
    period_end: date
    trips: int = Field(ge=1)
    total_g: int = Field(ge=1)
    by_vintage_g: dict[str, int] = Field(description="year of the trip -> grams")
    factor_versions: list[str]
    evidence_sha256: str = Field(
        description="hash over the claimed trips' ids and grams, in id order"
    )
