"""Events of issuance-svc: reports on their way, and issued serial blocks."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from tht_contracts.events.common import Block, OrganisationCode, Part, Serial, Tonnes
from tht_contracts.events.registry import ProjectType
from tht_kit.errors import Text
from tht_kit.events import Event

OWNER = "issuance-svc"

ReportStatus = Literal[
    "REPORTED", "NOTICE", "VERIFIED", "REGISTERED_ER", "ISSUED", "RECALLED", "REJECTED"
]


class ReportStatusChanged(Event):
    event_type: ClassVar[str] = "issuance.reports.status_changed.v1"
    topic: ClassVar[str] = "issuance.reports"
    key_field: ClassVar[str] = "project_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="减排量报告状态变化。", en="A monitoring report changed its status."
    )

    report_id: str
    project_id: str
    status_before: ReportStatus | None
    status: ReportStatus
    calculated_t: int = Field(ge=0, description="floor of the calculated tCO2e (R5)")
    version: int = Field(ge=1)
    superseded_by: str | None = Field(
        default=None, description="RECALLED because its owner submitted this next revision"
    )


ReversalKind = Literal["fire", "felling", "disaster", "monitored_loss", "error", "falsification"]


class IssuedBlock(Part):
    """One vintage of an issuance: a contiguous range on the global line."""

    vintage: int
    start: Serial
    end: Serial
    serial: str = Field(description="CQ-CQCER-14-0007-2024-01-000000001-000002519")
    account: Literal["owner", "buffer"] = Field(
        default="owner", description="buffer: the system's cancel-only account (R20)"
    )


class CreditsIssued(Event):
    event_type: ClassVar[str] = "issuance.credits.issued.v1"
    topic: ClassVar[str] = "issuance.credits"
    key_field: ClassVar[str] = "project_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(zh="减排量已签发。", en="Credits were issued.")

    issuance_id: str
    report_id: str = Field(description="what it rests on: a report, or an external batch's origin")
    project_id: str
    project_no: int
    project_name: str
    project_type: ProjectType
    unit_type: Literal["CQCER", "CCER"]
    scope_code: str
    methodology_code: str
    district_code: str
    is_local: bool
    owner_code: OrganisationCode
    operation_date: date
    registered_on: date
    batch_no: int = Field(ge=1, le=99)
    period_start: date
    period_end: date
    quantity_t: Tonnes
    blocks: list[IssuedBlock]
    aggregate_ids: list[str] = Field(description="citizens' aggregates that this issuance claims")


class ReversalRecorded(Event):
    """On the topic of the credits: what it speaks of was told before it."""

    event_type: ClassVar[str] = "issuance.credits.reversal_recorded.v1"
    topic: ClassVar[str] = "issuance.credits"
    key_field: ClassVar[str] = "project_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="逆转已确认：缓冲单位注销，其余由业主补足（R20）。",
        en="A reversal was confirmed: buffer units are cancelled, the rest is the owner's debt.",
    )

    reversal_id: str
    project_id: str
    owner_code: OrganisationCode = Field(description="who owes the debt")
    unit_type: Literal["CQCER", "CCER"]
    kind: ReversalKind
    occurred_on: date
    loss_t: str = Field(description="gross tCO2e, decimal")
    covered_t: str = Field(description="covered by earlier deductions, decimal")
    debt_t: int = Field(ge=0, description="units that the owner has to cancel")
    buffer_blocks: list[Block] = Field(description="buffer units to cancel, exactly these")
    issuance_ids: list[str] = Field(description="whose units are flagged; they stay valid")


class ReversalSettled(Event):
    event_type: ClassVar[str] = "issuance.credits.reversal_settled.v1"
    topic: ClassVar[str] = "issuance.credits"
    key_field: ClassVar[str] = "project_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="逆转债务已全部补足。", en="The debt of a reversal was settled in full."
    )

    reversal_id: str
    project_id: str
    owner_code: OrganisationCode
    debt_t: int = Field(ge=0)
    settled_on: date
