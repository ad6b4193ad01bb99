"""What a new value of a factor would do to the reports that are not issued yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.calculations import repository
from issuance_svc.calculations.service import in_words
from issuance_svc.factors import changes, service
from issuance_svc.factors.errors import FactorPartsWrong
from issuance_svc.factors.models import Factor
from issuance_svc.factors.rules import Place, Values
from issuance_svc.methodologies import catalogue
from issuance_svc.methodologies.calculation import Inputs, Outcome, Refusal
from issuance_svc.reports.models import Report
from tht_kit.errors import DomainError

REPORTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Affected:
    """A report that used the factor: as it stands, and as it would come out."""

    report: Report
    after: Outcome | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Impact:
    """The factor's newest version, and the open reports that used the factor."""

    place: Place
    newest: Factor | None
    reports: Sequence[Affected]
    is_cut: bool


async def of(session: AsyncSession, place: Place, values: Values) -> Impact:
    """Return what the values would change; nothing is stored, no report changes by itself.

    Raises FactorKindUnknown, FactorPartsWrong.
    """
    kind = await service.kind_of(session, place.kind)
    problems = list(changes.problems_of(kind, place, values))
    if problems:
        raise FactorPartsWrong(kind=place.kind, errors=problems)
    newest = await changes.newest_of(session, place)
    found = await repository.list_open_using(session, place, limit=REPORTS_MAX + 1)
    reports = [_recomputed(report, place, values) for report in found[:REPORTS_MAX]]
    return Impact(place, newest, reports, len(found) > REPORTS_MAX)


def _recomputed(report: Report, place: Place, values: Values) -> Affected:
    inputs = Inputs.model_validate(report.inputs)
    swapped = {
        symbol: factor.model_copy(update={"value": values.value, "factor_id": f"{place.name}:new"})
        if Place(factor.kind, factor.region, factor.subject, factor.year) == place
        else factor
        for symbol, factor in inputs.factors.items()
    }
    used = catalogue.version(report.methodology_code, report.formula_version)
    try:
        outcome = used.calculate(inputs.model_copy(update={"factors": swapped}))
    except DomainError as refused:
        return Affected(report, None, in_words(refused))
    refusal = outcome.refusals[0] if outcome.refusals else None
    return Affected(report, outcome, refusal)
