"""What changed between two revisions of a report, place by place. Pure but for looking them up."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.reports import repository, service
from issuance_svc.reports.errors import NothingToCompare, RevisionsUnrelated
from issuance_svc.reports.models import Report

CHANGES_MAX = 2_000

# What tells one element of a list from another, so that a row put in between is one change.
IDENTITY = (
    "meter_no",
    "channel",
    "register",
    "month",
    "plot_no",
    "stratum",
    "species",
    "basis",
    "tree_no",
    "measured_on",
    "occurred_on",
    "aggregate_id",
    "parcel_no",
    "vintage",
    "code",
)
QUANTITIES = (
    "methodology_code",
    "formula_version",
    "period_start",
    "period_end",
    "eligible_start",
    "eligible_end",
    "calculated",
    "calculated_t",
    "deducted",
    "buffer_t",
    "vintages",
    "flags",
    "notes",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One place with what stood there before and what stands there now; None for nothing."""

    area: str
    place: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Difference:
    report: Report
    against: Report
    changes: list[Change]
    left_out: int


async def compare(session: AsyncSession, report: Report, against_id: UUID | None) -> Difference:
    """Compare a report with another revision of it, by default the one it revises.

    Raises ReportNotFound, NothingToCompare, RevisionsUnrelated.
    """
    chosen = against_id or report.revises
    if chosen is None:
        raise NothingToCompare(report_id=report.report_id)
    against = await service.get(session, chosen)
    if against.root_report_id != report.root_report_id:
        raise RevisionsUnrelated(report_id=report.report_id, against=chosen)
    before = await _document(session, against)
    after = await _document(session, report)
    changes = [
        change
        for area in ("quantities", "uploads", "inputs", "factors")
        for change in changes_of(area, before[area], after[area])
    ]
    left_out = max(0, len(changes) - CHANGES_MAX)
    return Difference(report, against, changes[:CHANGES_MAX], left_out)


async def _document(session: AsyncSession, report: Report) -> dict[str, Any]:
    """Return what of a report is compared, in areas."""
    inputs = dict(report.inputs)
    factors = inputs.pop("factors", {})
    upload_ids = await repository.list_upload_ids(session, report.report_id)
    return {
        "quantities": {name: _plain(getattr(report, name)) for name in QUANTITIES},
        "uploads": {str(upload_id): "used" for upload_id in upload_ids},
        "inputs": inputs,
        "factors": factors,
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, (dict, list, int, str, type(None))) else str(value)


def changes_of(area: str, before: Any, after: Any, place: str = "") -> Iterator[Change]:
    """Yield every place at which two JSON values differ, in the order of the first."""
    if isinstance(before, list) and isinstance(after, list):
        before, after = _named(before, after)
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            inner = f"{place}/{name}"
            yield from changes_of(area, before.get(name), after.get(name), inner)
    elif before != after:
        yield Change(area, place, before, after)


def _named(before: list[Any], after: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both lists by the names of their elements, or by position where they have none."""
    named = [_names(items) for items in (before, after)]
    if all(len(set(names)) == len(names) and None not in names for names in named):
        return dict(zip(named[0], before, strict=True)), dict(zip(named[1], after, strict=True))
    return (
        {str(index): item for index, item in enumerate(before)},
        {str(index): item for index, item in enumerate(after)},
    )


def _names(items: list[Any]) -> list[Any]:
    return [
        " ".join(str(item[key]) for key in IDENTITY if item.get(key) is not None) or None
        if isinstance(item, dict)
        else None
        for item in items
    ]
