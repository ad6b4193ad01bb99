"""Organisations on the wire."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry_svc.organisations import rules
from registry_svc.organisations.competence_rules import Accreditation, Competence, Demands
from registry_svc.organisations.models import (
    Action,
    Kind,
    Organisation,
    OrganisationChange,
    OrganisationStatus,
    Requirement,
    VerifierRule,
)
from tht_kit.errors import FieldProblem, InvalidRequest, Text
from tht_kit.fields import Day, Line, Prose

# The rules say what is wrong with a code better than a pattern could.
CodeText = Annotated[
    str,
    Field(
        max_length=64,
        description="统一社会信用代码 / unified social credit code, GB 32100-2015",
        examples=["91500000MATHT0038A"],
    ),
]
FormerCodes = Annotated[
    list[CodeText],
    Field(
        max_length=20,
        description="同一主体的其他（旧）代码 / other codes of the same subject, above all former",
    ),
]
ScopeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]


class OrganisationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    organisation_code: CodeText
    name: Line = Field(examples=["渝光分布式能源有限公司"])
    kinds: list[Kind] = Field(min_length=1, max_length=len(Kind))
    former_codes: FormerCodes = []


class OrganisationChangeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Line
    kinds: list[Kind] = Field(min_length=1, max_length=len(Kind))
    former_codes: FormerCodes | None = None
    reason: Prose | None = None


class AppointmentIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    organisation_code: CodeText
    name: Line
    kinds: list[Kind] = Field(
        min_length=1,
        max_length=len(Kind),
        description="批准后的全部类型 / all kinds that it then has",
    )
    reason: Prose = Field(description="依据 / on what ground")


class OverrideIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    organisation_code: CodeText
    name: Line
    kinds: list[Kind] = Field(min_length=1, max_length=len(Kind))
    reason: Prose = Field(description="为何按此代码登记 / why this code is entered all the same")


class ReasonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Prose = Field(description="理由 / the reason")


class AccreditationPart(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)

    certificate_no: Line = Field(description="认可证书号 / number of the certificate")
    scope_code: ScopeCode = Field(description="领域 / scope: 01 energy, 14 forestry, 07 transport")
    valid_from: Day
    valid_until: Day


class CompetenceIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    staff_full_time: int = Field(ge=0, le=100_000, strict=True, description="专职合格人员 / staff")
    staff_experienced: int = Field(
        ge=0, le=100_000, strict=True, description="其中有两年以上经验者 / with two years or more"
    )
    last_dishonesty_on: Day | None = Field(
        default=None, description="最近一次严重失信记录之日 / last serious record of dishonesty"
    )
    accreditations: list[AccreditationPart] = Field(max_length=100)
    evidence: Prose = Field(description="依据 / what this was read from")

    def competence(self) -> Competence:
        """Return the competence; raises InvalidRequest naming everything that contradicts itself."""
        problems = [*self._problems()]
        if problems:
            raise InvalidRequest(count=len(problems), errors=problems)
        return Competence(
            staff_full_time=self.staff_full_time,
            staff_experienced=self.staff_experienced,
            last_dishonesty_on=self.last_dishonesty_on,
            accreditations=[
                Accreditation(
                    found.certificate_no, found.scope_code, found.valid_from, found.valid_until
                )
                for found in self.accreditations
            ],
        )

    def _problems(self) -> Iterator[FieldProblem]:
        if self.staff_experienced > self.staff_full_time:
            text = Text(
                zh="有经验者不能多于专职人员。",
                en="The experienced are among the full-time staff: there cannot be more of them.",
            )
            yield FieldProblem("/staff_experienced", text)
        seen: set[tuple[str, str]] = set()
        for index, found in enumerate(self.accreditations):
            if found.valid_until < found.valid_from:
                text = Text(zh="有效期止日早于起日。", en="It ends before it begins.")
                yield FieldProblem(f"/accreditations/{index}/valid_until", text)
            key = (found.certificate_no, found.scope_code)
            if key in seen:
                text = Text(
                    zh="同一证书的同一领域重复。", en="This certificate and scope are listed twice."
                )
                yield FieldProblem(f"/accreditations/{index}", text)
            seen.add(key)


class CodeWarning(BaseModel):
    """Something odd about a code that does not keep it out."""

    code: Literal["check-character", "subject-check-character"]
    zh: str
    en: str


class OrganisationOut(BaseModel):
    organisation_code: str
    account_subject: str = Field(
        description="主体标识码（第 9 至 17 位）：一个主体一个账户 / one subject, one account"
    )
    former_codes: list[str]
    name: str
    kinds: list[Kind]
    status: OrganisationStatus
    status_reason: str | None
    banned_until: date | None = Field(description="禁入末日 / last day of a ban")
    code_warnings: list[CodeWarning]
    code_override_reason: str | None
    version: int
    registered_at: datetime

    @classmethod
    def of(cls, organisation: Organisation) -> Self:
        return cls(
            organisation_code=organisation.organisation_code,
            account_subject=organisation.account_subject,
            former_codes=organisation.former_codes,
            name=organisation.name,
            kinds=[Kind(kind) for kind in organisation.kinds],
            status=OrganisationStatus(organisation.status),
            status_reason=organisation.status_reason,
            banned_until=organisation.banned_until,
            code_warnings=[*_warnings(organisation.organisation_code)],
            code_override_reason=organisation.code_override_reason,
            version=organisation.version,
            registered_at=organisation.registered_at,
        )


def _warnings(code: str) -> Iterator[CodeWarning]:
    if not rules.check_fits(code):
        yield CodeWarning(
            code="check-character",
            zh="第 18 位校验码不符（GB 32100），经两人复核登记。",
            en="The 18th character fails its check (GB 32100); two persons entered it.",
        )
    if not rules.subject_check_fits(code):
        yield CodeWarning(
            code="subject-check-character",
            zh="主体标识码的校验码不符（GB 11714），请核对证照。",
            en="The subject's own check character does not fit (GB 11714): compare the certificate.",
        )


class DemandsOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    staff_full_time_min: int
    staff_experienced_min: int
    dishonesty_free_years: int
    accreditation_required: bool


class VerifierRuleOut(BaseModel):
    """A rule as data: what it asks, since when, and how well that is founded."""

    model_config = ConfigDict(from_attributes=True)

    requirement: Requirement
    value: int
    valid_from: date
    evidence_grade: str
    source: str


class ShortfallOut(BaseModel):
    zh: str
    en: str


class CompetenceRecordOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    staff_full_time: int
    staff_experienced: int
    last_dishonesty_on: date | None
    accreditations: list[AccreditationPart]
    evidence: str


class CompetenceOut(BaseModel):
    """What a body can show and what the rules ask on the day."""

    organisation_code: str
    day: date
    scope_code: str
    competence: CompetenceRecordOut | None
    required: DemandsOut
    rules: list[VerifierRuleOut]
    is_competent: bool
    missing: list[ShortfallOut]

    @classmethod
    def of(
        cls,
        code: str,
        *,
        day: date,
        scope_code: str,
        record: dict[str, Any] | None,
        demands: Demands,
        verifier_rules: Sequence[VerifierRule],
        missing: list[Text],
    ) -> Self:
        return cls(
            organisation_code=code,
            day=day,
            scope_code=scope_code,
            competence=record and CompetenceRecordOut.model_validate(record),
            required=DemandsOut.model_validate(demands),
            rules=[VerifierRuleOut.model_validate(rule) for rule in verifier_rules],
            is_competent=not missing,
            missing=[ShortfallOut(zh=found.zh, en=found.en) for found in missing],
        )


class OrganisationVersionOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    version: int
    action: Action
    name: str
    kinds: list[Kind]
    former_codes: list[str]
    status: OrganisationStatus
    banned_until: date | None
    competence: CompetenceRecordOut | None
    reason: str | None
    changed_by: str
    approved_by: str | None
    changed_at: datetime

    @classmethod
    def of(cls, change: OrganisationChange) -> Self:
        return cls.model_validate(change)
