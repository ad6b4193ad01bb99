"""Events of issuance-svc: reports on their way, and issued serial blocks."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from tht_contracts.events.common import OrganisationCode, Part, Serial, Tonnes
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


class IssuedBlock(Part):
    """One vintage of an issuance: a contiguous range on the global line."""

    vintage: int
    start: Serial
    end: Serial
    serial: str = Field(description="CQ-CQCER-14-0007-2024-01-000000001-000002519")


class CreditsIssued(Event):
    event_type: ClassVar[str] = "issuance.credits.issued.v1"
    topic: ClassVar[str] = "issuance.credits"
    key_field: ClassVar[str] = "project_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(zh="减排量已签发。", en="Credits were issued.")

    issuance_id: str
    report_id: str
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
