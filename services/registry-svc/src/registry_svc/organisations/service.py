"""Organisations: the register that every other part of the platform names its parties by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations import competence_rules, repository, rules
from registry_svc.organisations.competence_rules import Competence, Demands
from registry_svc.organisations.errors import (
    KindsNeedTwoPersons,
    OrganisationExists,
    OrganisationNotFound,
    OrganisationUnfit,
    SubjectRegistered,
    VerifierNotCompetent,
)
from registry_svc.organisations.models import (
    APPOINTED,
    Action,
    Kind,
    Organisation,
    OrganisationChange,
    OrganisationStatus,
    Requirement,
    VerifierRule,
)
from tht_contracts.events.registry import OrganisationRegistered
from tht_kit.clock import legal_date
from tht_kit.errors import FieldProblem, Text
from tht_kit.outbox import emit
from tht_kit.principal import Principal

ROLES = {
    Kind.OWNER: Text(zh="项目业主", en="project owner"),
    Kind.CONTROLLED_ENTERPRISE: Text(zh="重点排放单位", en="controlled enterprise"),
    Kind.VALIDATOR_VERIFIER: Text(zh="审定与核查机构", en="validation and verification body"),
    Kind.BUREAU: Text(zh="生态环境主管部门", en="environment bureau"),
    Kind.OPERATOR: Text(zh="平台运营方", en="platform operator"),
    Kind.MOBILITY_PARTNER: Text(zh="出行数据方", en="mobility partner"),
    Kind.MERCHANT: Text(zh="商户", en="merchant"),
}
_COMPETENCE = TypeAdapter(Competence)


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand made a change, why, and who approved it where two persons were needed."""

    by: str
    reason: str | None = None
    approved_by: str | None = None


async def register(
    session: AsyncSession,
    *,
    code: str,
    name: str,
    kinds: Sequence[Kind],
    former_codes: Sequence[str] = (),
    hand: Hand,
    now: datetime,
) -> Organisation:
    """Register an organisation and tell the others.

    Raises OrganisationCodeInvalid, KindsNeedTwoPersons, OrganisationExists, SubjectRegistered (R32).
    """
    rules.check_code(code, pointer="/organisation_code")
    _one_hand_is_enough(code, before=[], after=kinds)
    return await enter(
        session, code=code, name=name, kinds=kinds, former_codes=former_codes, hand=hand, now=now
    )


async def enter(
    session: AsyncSession,
    *,
    code: str,
    name: str,
    kinds: Sequence[Kind],
    former_codes: Sequence[str] = (),
    override_reason: str | None = None,
    hand: Hand,
    now: datetime,
) -> Organisation:
    """Enter an organisation whose code has been judged already; raises as `register`."""
    organisation = await repository.insert_new(
        session,
        {
            "organisation_code": code,
            "account_subject": rules.subject_of(code),
            "former_codes": [],
            "name": name,
            "kinds": sorted(set(kinds)),
            "status": OrganisationStatus.ACTIVE,
            "code_override_reason": override_reason,
            "version": 1,
            "registered_at": now,
        },
    )
    if organisation is None:
        raise OrganisationExists(pointer="/organisation_code", organisation_code=code)
    pointers = _former(former_codes, known=[code])
    await _claim(session, code, {code: "/organisation_code"} | pointers)
    organisation.former_codes = sorted(pointers)
    await record(session, organisation, Action.REGISTERED, hand=hand, now=now)
    return organisation


async def change(
    session: AsyncSession,
    code: str,
    *,
    name: str,
    kinds: Sequence[Kind],
    former_codes: Sequence[str] | None = None,
    hand: Hand,
    now: datetime,
) -> Organisation:
    """Change an organisation's name and kinds as its next version; the same again changes nothing.

    Former codes are added; what is on record stays there.
    Raises OrganisationNotFound, KindsNeedTwoPersons, OrganisationCodeInvalid, SubjectRegistered.
    """
    organisation = await get_for_update(session, code)
    if hand.approved_by is None:
        _one_hand_is_enough(code, before=organisation.kinds, after=kinds)
    known = organisation.former_codes
    pointers = _former(former_codes or (), known=[code, *known])
    await _claim(session, code, pointers)
    codes = sorted([*known, *pointers])
    wanted: list[str] = sorted(set(kinds))
    if (organisation.name, organisation.kinds, known) == (name, wanted, codes):
        return organisation
    organisation.name, organisation.kinds, organisation.former_codes = name, wanted, codes
    organisation.version += 1
    await record(session, organisation, Action.CHANGED, hand=hand, now=now)
    return organisation


def appointed(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Return the kinds that come or go and that one person alone cannot give or take."""
    return sorted((set(before) ^ set(after)) & APPOINTED)


def _one_hand_is_enough(code: str, *, before: Iterable[str], after: Iterable[str]) -> None:
    kinds = appointed(before, after)
    if kinds:
        raise KindsNeedTwoPersons(pointer="/kinds", organisation_code=code, kinds=", ".join(kinds))


def _former(codes: Sequence[str], *, known: Sequence[str]) -> dict[str, str]:
    """Return where each code that is not known stands; raises OrganisationCodeInvalid."""
    pointers: dict[str, str] = {}
    for index, code in enumerate(codes):
        pointer = f"/former_codes/{index}"
        # Old codes may fail the check; they only have to be codes.
        rules.check_form(code, pointer=pointer)
        if code not in known:
            pointers.setdefault(code, pointer)
    return pointers


async def _claim(session: AsyncSession, holder: str, pointers: Mapping[str, str]) -> None:
    """Bind the subjects of the codes to the organisation; raises SubjectRegistered (R32)."""
    if not pointers:
        return
    # The first code of a subject is the one to name: an organisation's own stands first.
    subjects = {rules.subject_of(code): code for code in reversed(list(pointers))}
    held = await repository.claim_subjects(session, holder, subjects)
    if held:
        subject, other = min(held.items())
        raise SubjectRegistered(
            pointer=pointers[subjects[subject]],
            code=subjects[subject],
            account_subject=subject,
            organisation_code=other,
        )


async def get(session: AsyncSession, code: str) -> Organisation:
    """Return the organisation, also by one of its former codes; raises OrganisationNotFound."""
    organisation = await repository.find(session, code)
    if organisation is None:
        organisation = await repository.find_by_former_code(session, code)
    if organisation is None:
        raise OrganisationNotFound(organisation_code=code)
    return organisation


async def find(session: AsyncSession, code: str) -> Organisation | None:
    """Return the organisation that is registered under the code."""
    return await repository.find(session, code)


async def find_by_subject(session: AsyncSession, code: str) -> str | None:
    """Return the code of the organisation that is the subject of a code, under whatever code."""
    return await repository.find_subject_holder(session, rules.subject_of(code))


async def list_codes_by_name(session: AsyncSession, name: str) -> Sequence[str]:
    """Return the codes of the organisations of exactly this name."""
    return await repository.list_codes_by_name(session, name)


async def get_for_update(session: AsyncSession, code: str) -> Organisation:
    """Return the organisation, locked for a change; raises OrganisationNotFound."""
    organisation = await repository.find_for_update(session, code)
    if organisation is None:
        raise OrganisationNotFound(organisation_code=code)
    return organisation


async def get_acting_as(
    session: AsyncSession, code: str, *kinds: Kind, pointer: str | None = None
) -> Organisation:
    """Return the organisation if it is active and of one of the kinds; the first names the role.

    Raises OrganisationUnfit, also for a code that is not registered.
    """
    organisation = await repository.find(session, code)
    if organisation is None or not organisation.acts_as(*kinds):
        raise OrganisationUnfit(
            pointer=pointer, organisation_code=code, role=ROLES[kinds[0]], why=_why(organisation)
        )
    return organisation


async def must_be_officer(session: AsyncSession, by: Principal) -> None:
    """Raise OrganisationUnfit unless the caller acts for the bureau or the operator."""
    await get_acting_as(session, by.organisation(), Kind.BUREAU, Kind.OPERATOR)


def _why(organisation: Organisation | None) -> Text:
    if organisation is None:
        return Text(zh="：未登记", en=": it is not registered")
    if organisation.banned_until is not None:
        until = organisation.banned_until
        return Text(zh=f"：禁入至 {until}", en=f": it is banned until {until}")
    if organisation.status != OrganisationStatus.ACTIVE:
        return Text(zh="：已暂停", en=": it is suspended")
    return Text(zh="", en="")


async def get_competent_verifier(
    session: AsyncSession, code: str, *, scope_code: str, day: date, pointer: str | None = None
) -> Organisation:
    """Return the validation and verification body if it is active and competent on the day.

    Raises OrganisationUnfit, VerifierNotCompetent with one error for each thing that is missing.
    """
    organisation = await get_acting_as(session, code, Kind.VALIDATOR_VERIFIER, pointer=pointer)
    missing = competence_rules.shortfalls(
        competence_of(organisation),
        await get_demands(session, day),
        scope_code=scope_code,
        day=day,
    )
    if missing:
        raise VerifierNotCompetent(
            organisation_code=code,
            scope_code=scope_code,
            day=day,
            missing=Text(
                zh="；".join(found.zh for found in missing) + "。",
                en="; ".join(found.en for found in missing) + ".",
            ),
            errors=[FieldProblem(pointer or "", found) for found in missing],
        )
    return organisation


def competence_of(organisation: Organisation) -> Competence | None:
    """Return what the organisation has on record."""
    if organisation.competence is None:
        return None
    return _COMPETENCE.validate_python(organisation.competence)


async def list_verifier_rules(session: AsyncSession, day: date) -> Sequence[VerifierRule]:
    """Return the rules for validation and verification bodies that are in force on the day."""
    return await repository.list_verifier_rules(session, day)


async def get_demands(session: AsyncSession, day: date) -> Demands:
    """Return what the rules in force on the day ask of a validation and verification body."""
    rows = await list_verifier_rules(session, day)
    found = {Requirement(row.requirement): row.value for row in rows}
    return Demands(
        staff_full_time_min=found.get(Requirement.STAFF_FULL_TIME_MIN, 0),
        staff_experienced_min=found.get(Requirement.STAFF_EXPERIENCED_MIN, 0),
        dishonesty_free_years=found.get(Requirement.DISHONESTY_FREE_YEARS, 0),
        accreditation_required=bool(found.get(Requirement.ACCREDITATION, 0)),
    )


async def list_page(
    session: AsyncSession,
    *,
    kind: Kind | None,
    status: OrganisationStatus | None,
    name: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Organisation]:
    """Return up to `limit` organisations whose code comes after `after`; `name` may be a part."""
    return await repository.list_after(
        session, kind=kind, status=status, name_part=name, after=after, limit=limit
    )


async def list_history_page(
    session: AsyncSession, code: str, *, after: int, limit: int
) -> Sequence[OrganisationChange]:
    """Return up to `limit` versions of the organisation, oldest first."""
    return await repository.list_changes(session, code, after=after, limit=limit)


async def count(session: AsyncSession) -> int:
    return await repository.count(session)


async def record(
    session: AsyncSession, organisation: Organisation, action: Action, *, hand: Hand, now: datetime
) -> None:
    """Write the organisation's version into its history and tell the others."""
    repository.add(
        session,
        OrganisationChange(
            organisation_code=organisation.organisation_code,
            version=organisation.version,
            action=action,
            name=organisation.name,
            kinds=organisation.kinds,
            former_codes=organisation.former_codes,
            status=organisation.status,
            banned_until=organisation.banned_until,
            competence=organisation.competence,
            reason=hand.reason,
            changed_by=hand.by,
            approved_by=hand.approved_by,
            changed_at=now,
        ),
    )
    demands = await get_demands(session, legal_date(now))
    await emit(session, _registered(organisation, demands), now=now)


def _registered(organisation: Organisation, demands: Demands) -> OrganisationRegistered:
    competence: dict[str, Any] | None = None
    if Kind.VALIDATOR_VERIFIER in organisation.kinds:
        # Nothing on record is told as nothing to show, so that nobody takes it for enough.
        shown = competence_of(organisation) or Competence(0, 0, None, ())
        competence = asdict(shown) | asdict(demands)
    return OrganisationRegistered.model_validate(
        {
            "organisation_code": organisation.organisation_code,
            "name": organisation.name,
            "kinds": organisation.kinds,
            "status": organisation.status,
            "version": organisation.version,
            "banned_until": organisation.banned_until,
            "account_subject": organisation.account_subject,
            "former_codes": organisation.former_codes,
            "competence": competence,
        }
    )
