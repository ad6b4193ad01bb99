"""Projects on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry_svc.methodologies.models import ProjectType
from registry_svc.projects.models import Comment, Project
from registry_svc.projects.plan import ProjectPlan
from registry_svc.projects.rules import Ground, ProjectStatus, PvMode
from registry_svc.projects.validation import Conclusion
from registry_svc.sites.rules import EARLIEST_DAY, LATEST_DAY, PLATE, LandUse, ParcelPlan
from registry_svc.sites.schemas import OutlineIn
from tht_kit.fields import Day, DecimalText, Line, Prose

# One spelling per device: capitals, digits and hyphens.
Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z][0-9A-Z-]{0,31}$")]
PlateNo = Annotated[str, StringConstraints(pattern=rf"^{PLATE}$")]
DeclaredDay = Annotated[Day, Field(ge=EARLIEST_DAY, le=LATEST_DAY)]
DistrictCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ParcelIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    parcel_no: Number = Field(description="地块编号 / parcel number, unique in its district")
    area_m2: DecimalText = Field(gt=0, max_digits=14, decimal_places=2, examples=["642000.00"])
    land_use: LandUse = Field(description="地类 / kind of land")
    non_forest_since: DeclaredDay = Field(description="成为非林地之日 / without forest since")
    is_wetland: bool = Field(strict=True)
    outline: OutlineIn | None = Field(
        default=None, description="边界；公示前必填 / needed before the notice"
    )

    def plan(self) -> ParcelPlan:
        return ParcelPlan(
            parcel_no=self.parcel_no,
            area_m2=self.area_m2,
            land_use=self.land_use,
            non_forest_since=self.non_forest_since,
            is_wetland=self.is_wetland,
            drawn=self.outline.drawn() if self.outline is not None else None,
        )


class ProjectIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Line
    unit_type: Literal["CQCER", "CCER"] = Field(description="减排量种类 / kind of unit")
    methodology_code: Code = Field(examples=["CQCM-901-V001"])
    pdd_author_code: Code = Field(description="设计文件编制单位 / author of the design document")
    district_code: DistrictCode = Field(examples=["500157"])
    construction_start: DeclaredDay = Field(description="开工日期")
    operation_date: DeclaredDay = Field(description="投运日期；造林为开始造林之日")
    crediting_start: DeclaredDay = Field(description="计入期首日")
    crediting_end: DeclaredDay = Field(description="计入期末日（含）/ last day, included")
    meters: list[Number] = Field(default=[], max_length=1000, description="电表号 / meters")
    parcels: list[ParcelIn] = Field(default=[], max_length=1000)
    fleet_vehicles: list[PlateNo] = Field(
        default=[], max_length=1000, description="车队车牌号 / plates of the fleet"
    )
    species: Line | None = Field(default=None, description="树种", examples=["马尾松"])
    baseline_grid: Code | None = Field(default=None, description="基准线电网", examples=["CC"])
    baseline_factor_year: int | None = Field(default=None, ge=2000, le=2100)
    capacity_kw: DecimalText | None = Field(
        default=None,
        gt=0,
        max_digits=12,
        decimal_places=3,
        description="装机容量",
        examples=["98.5"],
    )
    pv_mode: PvMode | None = Field(
        default=None, description="自发自用或全额上网（默认） / own use, or grid (default)"
    )
    latitude: DecimalText | None = Field(
        default=None, description="纬度（度） / degrees north", examples=["29.563010"]
    )
    longitude: DecimalText | None = Field(
        default=None, description="经度（度） / degrees east", examples=["106.551557"]
    )
    green_certificate_claim: bool = Field(
        default=False, strict=True, description="电量是否申领绿证 / green certificates are claimed"
    )

    def plan(self) -> ProjectPlan:
        fields = {name: getattr(self, name) for name in ProjectIn.model_fields}
        return ProjectPlan(**fields | {"parcels": [parcel.plan() for parcel in self.parcels]})

    def declared(self) -> dict[str, Any]:
        """Return the declaration as it was sent, defaults filled in, to be kept and shown.

        Plates are not: a fleet may hold people's own cars.
        """
        return self.model_dump(mode="json", exclude={"fleet_vehicles"})


class NoticeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    validator_code: Code = Field(description="审定机构 / validation body")


class CommentIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    author_name: Line
    text: Prose


class SectionsIn(BaseModel):
    """The sections of a validation report (article 13)."""

    model_config = ConfigDict(extra="forbid")

    legality: Prose = Field(description="合法合规性")
    methodology_field: Prose = Field(description="属于方法学支持领域")
    methodology_choice: Prose = Field(description="方法学选用")
    real_unique_additional: Prose = Field(description="真实性、唯一性、额外性")
    sustainable_development: Prose = Field(description="可持续发展")


class CommentAnswerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    comment_id: UUID
    answer: Prose


class ValidationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    conclusion: Conclusion
    sections: SectionsIn
    comment_answers: list[CommentAnswerIn] = Field(default=[], max_length=5000)


class AnswerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answer: Prose


class RecallIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Prose = Field(description="撤回的理由 / why it is recalled")


class MeterOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    meter_no: str


class ParcelOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    parcel_no: str
    district_code: str
    area_m2: Decimal
    land_use: LandUse
    non_forest_since: date
    is_wetland: bool
    computed_area_m2: Decimal | None
    crs: str | None


class ValidationOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    validator_code: str
    conclusion: Conclusion
    sections: dict[str, str]
    submitted_at: datetime


class StatusChangeOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    version: int
    step: str
    status_before: ProjectStatus
    status: ProjectStatus
    reason: str | None
    organisation_code: str | None
    task_id: UUID | None
    changed_at: datetime


class ProjectOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    project_id: UUID
    project_no: int | None
    name: str
    unit_type: str
    project_type: ProjectType
    scope_code: str
    methodology_code: str
    owner_code: str
    pdd_author_code: str
    validator_code: str | None
    district_code: str
    is_local: bool
    construction_start: date
    operation_date: date
    crediting_start: date
    crediting_end: date
    species: str | None
    baseline_grid: str | None
    baseline_factor_year: int | None
    capacity_kw: Decimal | None
    pv_mode: PvMode | None
    latitude: Decimal | None
    longitude: Decimal | None
    green_certificate_claim: bool
    status: ProjectStatus
    notice_start: date | None
    notice_end: date | None
    decision_due: date | None
    decision_overdue: bool
    registered_on: date | None
    deregistered_on: date | None
    deregistration_ground: Ground | None
    version: int
    created_at: datetime

    @classmethod
    def of(cls, project: Project, today: date) -> Self:
        fields = {
            name: getattr(project, name) for name in cls.model_fields if name != "decision_overdue"
        }
        fields["decision_overdue"] = project.is_decision_overdue(today)
        return cls.model_validate(fields)


class ProjectDetailOut(ProjectOut):
    meters: list[MeterOut]
    parcels: list[ParcelOut]
    fleet_size: int = Field(description="车队车辆数 / vehicles of the fleet")
    validation: ValidationOut | None
    history: list[StatusChangeOut]


class CommentOut(BaseModel):
    comment_id: UUID
    project_id: UUID
    author_name: str
    text: str
    submitted_at: datetime
    answer: str | None
    answered_at: datetime | None

    @classmethod
    def of(cls, comment: Comment) -> Self:
        return cls.model_validate(comment, from_attributes=True)


class VersionOut(BaseModel):
    """A declaration as it was filed or amended."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    declared: dict[str, Any]
    filed_at: datetime


class VersionsOut(BaseModel):
    items: list[VersionOut]
