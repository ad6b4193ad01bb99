"""履约: how many units an enterprise may use in a year, and which (R22 to R27). Integers only."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tht_kit.errors import Text

SINK_TYPES = frozenset({"afforestation"})


class Scheme(StrEnum):
    """Which market the enterprise stands in: the local pilot or the national ETS (R24)."""

    LOCAL = "LOCAL"
    NATIONAL = "NATIONAL"


class CapBase(StrEnum):
    SURRENDER_OBLIGATION = "SURRENDER_OBLIGATION"
    VERIFIED_EMISSIONS = "VERIFIED_EMISSIONS"


class Reason(StrEnum):
    """Why a surrender is refused; stable codes."""

    UNIT_TYPE = "UNIT_TYPE"
    PROJECT_TYPE = "PROJECT_TYPE"
    VINTAGE = "VINTAGE"
    OPERATION_DATE = "OPERATION_DATE"
    REGISTRATION_DATE = "REGISTRATION_DATE"
    CAPPED_BOUNDARY = "CAPPED_BOUNDARY"
    OFFSET_CAP = "OFFSET_CAP"
    LOCAL_SHARE = "LOCAL_SHARE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The offset rule of one scheme and compliance year."""

    scheme: Scheme
    compliance_year: int
    unit_type: str
    cap_pct: int
    cap_base: CapBase
    min_local_pct: int | None
    operation_after: date | None
    sink_exempt_from_operation_date: bool
    vintage_from: date | None
    registered_after: date | None
    excluded_types: tuple[str, ...]
    capped_boundary_excluded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFacts:
    """What eligibility depends on."""

    unit_type: str
    project_type: str
    generated_from: date
    operation_date: date
    registered_on: date
    owner_is_capped: bool


def max_offset_t(rule: Rule, base_t: int) -> int:
    """R22: floor(base x cap %)."""
    return base_t * rule.cap_pct // 100


def local_share_holds(rule: Rule, *, local_t: int, total_t: int) -> bool:
    """R23: the local share of the units used so far in the year, in whole numbers."""
    return rule.min_local_pct is None or 100 * local_t >= rule.min_local_pct * total_t


def outside_room_t(rule: Rule, *, local_t: int, total_t: int) -> int | None:
    """Return how many units from outside fit under the local units used; None without a rule.

    The most x with 100 local >= pct (total + x), and 0 rather than less.
    """
    if not rule.min_local_pct:
        return None
    return max(0, 100 * local_t // rule.min_local_pct - total_t)


def unit_refusals(rule: Rule, unit: UnitFacts) -> list[tuple[Reason, Text]]:
    """R25, R27: return every reason why a unit may not be used under the rule; none is eligible."""
    found = []
    if unit.unit_type != rule.unit_type:
        found.append((Reason.UNIT_TYPE, _unit_type(rule, unit)))
    if unit.project_type in rule.excluded_types:
        words = Text(
            zh=f"项目类型 {unit.project_type} 不得用于抵销",
            en=f"the project type {unit.project_type} is excluded",
        )
        found.append((Reason.PROJECT_TYPE, words))
    if rule.vintage_from is not None and unit.generated_from < rule.vintage_from:
        words = Text(
            zh=f"减排量自 {unit.generated_from} 产生，早于 {rule.vintage_from}",
            en=f"generated from {unit.generated_from}, before {rule.vintage_from}",
        )
        found.append((Reason.VINTAGE, words))
    exempt = rule.sink_exempt_from_operation_date and unit.project_type in SINK_TYPES
    if (
        rule.operation_after is not None
        and unit.operation_date <= rule.operation_after
        and not exempt
    ):
        words = Text(
            zh=f"项目投运日 {unit.operation_date} 不晚于 {rule.operation_after}",
            en=f"in operation since {unit.operation_date}, not after {rule.operation_after}",
        )
        found.append((Reason.OPERATION_DATE, words))
    if rule.registered_after is not None and unit.registered_on <= rule.registered_after:
        words = Text(
            zh=f"项目登记日 {unit.registered_on} 不晚于 {rule.registered_after}",
            en=f"registered on {unit.registered_on}, not after {rule.registered_after}",
        )
        found.append((Reason.REGISTRATION_DATE, words))
    if rule.capped_boundary_excluded and unit.owner_is_capped:
        words = Text(
            zh="产生于当年履约单位的边界之内",
            en="generated inside the boundary of an enterprise on that year's list",
        )
        found.append((Reason.CAPPED_BOUNDARY, words))
    return found


def _unit_type(rule: Rule, unit: UnitFacts) -> Text:
    if rule.scheme == Scheme.NATIONAL:
        return Text(
            zh=f"全国碳市场单位只能使用 {rule.unit_type}，不能使用 {unit.unit_type}",
            en=f"an entity of the national ETS may use {rule.unit_type} only, not {unit.unit_type}",
        )
    return Text(
        zh=f"该年度只能使用 {rule.unit_type}，不能使用 {unit.unit_type}",
        en=f"{rule.unit_type} is used in that year, not {unit.unit_type}",
    )


def total_refusals(
    rule: Rule, *, max_t: int, used_t: int, local_used_t: int, quantity_t: int, local_t: int
) -> list[tuple[Reason, Text]]:
    """R22, R23: judge the year's cumulative totals as they would stand after this surrender."""
    found = []
    total_t = used_t + quantity_t
    if total_t > max_t:
        words = Text(
            zh=f"年度累计 {total_t} t 将超过上限 {max_t} t；还可使用 {max(0, max_t - used_t)} t",
            en=f"the year's total of {total_t} t would exceed {max_t} t;"
            f" {max(0, max_t - used_t)} t are left",
        )
        found.append((Reason.OFFSET_CAP, words))
    all_local_t = local_used_t + local_t
    if not local_share_holds(rule, local_t=all_local_t, total_t=total_t):
        words = Text(
            zh=f"累计 {total_t} t 中本市 {all_local_t} t，低于 {rule.min_local_pct} %",
            en=f"{all_local_t} t of the year's {total_t} t would be local,"
            f" less than {rule.min_local_pct} %",
        )
        found.append((Reason.LOCAL_SHARE, words))
    return found
