"""Events of registry-svc: organisations, methodologies, projects, the working-day calendar."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from tht_contracts.events.common import OrganisationCode, Part
from tht_kit.errors import Text
from tht_kit.events import Event

OWNER = "registry-svc"

OrganisationKind = Literal[
    "owner",
    "controlled_enterprise",
    "validator_verifier",
    "bureau",
    "operator",
    "mobility_partner",
    "merchant",
]
ProjectType = Literal["distributed_pv", "afforestation", "citizen_travel"]
ProjectStatus = Literal[
    "DRAFT",
    "NOTICE",
    "VALIDATED",
    "REGISTERED",
    "RECALLED",
    "REJECTED",
    "SUSPENDED",
    "DEREGISTERED",
]


class Accreditation(Part):
    """One certificate (认可证书) of a validation and verification body; both days included."""

    certificate_no: str
    scope_code: str = Field(
        pattern=r"^[0-9]{2}$", description="01 energy, 14 forestry, 07 transport"
    )
    valid_from: date
    valid_until: date


class Competence(Part):
    """What a validation and verification body can show, and what the rules ask of it."""

    staff_full_time: int = Field(ge=0, description="competent full-time staff")
    staff_experienced: int = Field(ge=0, description="of these with two years of experience")
    last_dishonesty_on: date | None = Field(description="last serious record of dishonesty")
    accreditations: list[Accreditation]
    staff_full_time_min: int = Field(ge=0, description="0: no such rule is in force")
    staff_experienced_min: int = Field(ge=0, description="0: no such rule is in force")
    dishonesty_free_years: int = Field(ge=0, description="0: no such rule is in force")
    accreditation_required: bool


class OrganisationRegistered(Event):
    """An organisation exists on the platform; also sent when its copy of state changes (version)."""

    event_type: ClassVar[str] = "registry.organisations.registered.v1"
    topic: ClassVar[str] = "registry.organisations"
    key_field: ClassVar[str] = "organisation_code"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="单位已登记或信息变更。", en="An organisation was registered or changed."
    )

    organisation_code: OrganisationCode
    name: str
    kinds: list[OrganisationKind]
    status: Literal["active", "suspended"]
    version: int = Field(ge=1)
    banned_until: date | None = Field(
        default=None, description="last day of a ban (R10); the status is suspended with it"
    )
    account_subject: str | None = Field(
        default=None,
        description="主体标识码, positions 9 to 17: one subject has one account (R32)",
    )
    former_codes: list[OrganisationCode] = Field(
        default_factory=list, description="other codes of the same subject"
    )
    competence: Competence | None = Field(
        default=None,
        description="of a validation and verification body; zeros where nothing is on record",
    )


class MethodologyPublished(Event):
    event_type: ClassVar[str] = "registry.methodologies.published.v1"
    topic: ClassVar[str] = "registry.methodologies"
    key_field: ClassVar[str] = "methodology_code"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="方法学版本已发布。", en="A methodology version was published."
    )

    methodology_code: str
    name: str
    project_type: ProjectType
    valid_from: date
    valid_until: date | None
    evidence_grade: str
    source: str
    series: str | None = Field(default=None, description="the code without its version")
    version_no: int | None = Field(default=None, ge=1)
    scope_code: str | None = Field(default=None, pattern=r"^[0-9]{2}$")
    crediting_years_min: int | None = Field(default=None, ge=1)
    crediting_years_max: int | None = Field(default=None, ge=1)
    third_party_required: bool = True
    non_permanence: Literal["none", "deduction", "buffer"] = "none"
    transition_until: date | None = Field(
        default=None, description="last day on which a superseded version registers projects"
    )


class MethodologyWithdrawn(Event):
    """No project is filed under the version any more; projects registered under it keep it."""

    event_type: ClassVar[str] = "registry.methodologies.withdrawn.v1"
    topic: ClassVar[str] = "registry.methodologies"
    key_field: ClassVar[str] = "methodology_code"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="方法学版本已废止。", en="A methodology version was withdrawn."
    )

    methodology_code: str
    withdrawn_on: date
    transition_until: date | None = Field(
        description="last day on which projects filed already are registered under it"
    )
    reason: str


class BeneficiaryReviewed(Event):
    """Someone who is no registered organisation may be named as a beneficiary from now on."""

    event_type: ClassVar[str] = "registry.beneficiaries.reviewed.v1"
    topic: ClassVar[str] = "registry.beneficiaries"
    key_field: ClassVar[str] = "beneficiary_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(zh="受益方已通过复核。", en="A beneficiary was reviewed.")

    beneficiary_id: str
    kind: Literal["person", "organisation", "event"]
    display_name: str = Field(description="a person's is masked unless its publication is agreed")
    is_name_public: bool
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1")
    district_code: str | None = Field(pattern=r"^[0-9]{6}$")


class Parcel(Part):
    parcel_no: str
    area_m2: str = Field(description="decimal")


class ProjectRegistered(Event):
    """A project entered the register: all that issuance and trading need to know of it."""

    event_type: ClassVar[str] = "registry.projects.registered.v1"
    topic: ClassVar[str] = "registry.projects"
    key_field: ClassVar[str] = "project_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(zh="项目已登记。", en="A project was registered.")

    project_id: str
    project_no: int = Field(ge=1, le=9999, description="four-digit number in serials")
    name: str
    unit_type: Literal["CQCER", "CCER"]
    project_type: ProjectType
    scope_code: str = Field(
        pattern=r"^[0-9]{2}$", description="01 energy, 14 forestry, 07 transport"
    )
    methodology_code: str
    owner_code: OrganisationCode
    validator_code: OrganisationCode
    pdd_author_code: OrganisationCode
    district_code: str = Field(pattern=r"^[0-9]{6}$")
    is_local: bool = Field(description="inside Chongqing: counts for the local share (R23)")
    construction_start: date
    operation_date: date
    crediting_start: date
    crediting_end: date
    meters: list[str]
    parcels: list[Parcel]
    species: str | None
    baseline_grid: str | None = Field(description="grid whose baseline factors apply, such as CC")
    baseline_factor_year: int | None
    registered_on: date
    version: int = Field(ge=1)
    capacity_kw: str | None = Field(default=None, description="decimal, of a photovoltaic project")
    pv_mode: Literal["own_use", "grid_connected"] | None = Field(
        default=None, description="where the electricity of a photovoltaic project goes"
    )
    latitude: str | None = Field(default=None, description="decimal degrees north")
    longitude: str | None = Field(default=None, description="decimal degrees east")
    non_permanence: Literal["none", "deduction", "buffer"] = Field(
        default="none", description="how the methodology covers a reversal (R20)"
    )
    third_party_required: bool = Field(
        default=True, description="false: the owner may prepare the verification report itself"
    )


class ProjectStatusChanged(Event):
    event_type: ClassVar[str] = "registry.projects.status_changed.v1"
    topic: ClassVar[str] = "registry.projects"
    key_field: ClassVar[str] = "project_id"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(zh="项目状态变化。", en="A project changed its status.")

    project_id: str
    status_before: ProjectStatus
    status: ProjectStatus
    reason: str | None
    version: int = Field(ge=1)
    deregistration_ground: (
        Literal["owner_gone", "project_gone", "voluntary", "falsification"] | None
    ) = Field(default=None, description="falsification: R10 applies to the owner's holdings")


class CalendarYearPublished(Event):
    event_type: ClassVar[str] = "registry.calendar.published.v1"
    topic: ClassVar[str] = "registry.calendar"
    key_field: ClassVar[str] = "year"
    owner: ClassVar[str] = OWNER
    summary: ClassVar[Text] = Text(
        zh="某年工作日历已发布。", en="The working-day calendar of a year was published."
    )

    year: int
    holidays: list[date]
    makeup_workdays: list[date]
    source: str
    version: int = Field(ge=1)
