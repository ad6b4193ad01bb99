"""Stratified sampling by permanent plots: the mean change, its error, the discount it costs.

AR-TOOL14 section 8 (direct estimation of change by re-measuring plots); discount steps of AR-CM-001
(grade M): relative error at 90 % confidence up to 10 % none, to 20 % 6 %, to 30 % 11 %, above: more
plots. Within a stratum the plots are a simple random sample of equal area; no finite correction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from issuance_svc.methodologies.calculation import MEASURED, both
from issuance_svc.methodologies.errors import SamplingRefused
from tht_kit.errors import Text

PLOTS_PER_STRATUM_MIN = 2
TABULATED_DF: tuple[int, ...] = (*range(1, 31), 40, 60, 120)

ERROR_PCT_MAX = 30
# (relative error in per cent up to and including, kind of the factor that holds the discount)
BANDS = ((10, "<=10"), (20, "<=20"), (30, "<=30"))


@dataclass(frozen=True, slots=True)
class Stratum:
    """A stratum's plots: the change of each, per hectare, over the same period."""

    name: str
    area_ha: Decimal
    changes_per_ha: Sequence[Decimal]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Area-weighted mean change per hectare, its standard error, and the areas behind it."""

    area_ha: Decimal
    mean_per_ha: Decimal
    standard_error: Decimal
    means: Mapping[str, Decimal]


def degrees_of_freedom(plots_by_stratum: Mapping[str, int]) -> int:
    """Return n - M; raises SamplingRefused where a stratum's spread cannot be known."""
    thin = sorted(name for name, n in plots_by_stratum.items() if n < PLOTS_PER_STRATUM_MIN)
    if thin:
        names = ", ".join(thin)
        raise SamplingRefused(
            reason=both(
                f"以下层的固定样地少于 {PLOTS_PER_STRATUM_MIN} 块，无法估计抽样误差：{names}。",
                f"Fewer than {PLOTS_PER_STRATUM_MIN} plots, so no sampling error is known: {names}.",
            )
        )
    return sum(plots_by_stratum.values()) - len(plots_by_stratum)


def tabulated(df: int) -> int:
    """Return the largest tabulated degrees of freedom not above df: a larger t, so conservative."""
    return max(known for known in TABULATED_DF if known <= df)


def estimate(strata: Sequence[Stratum]) -> Estimate:
    """Return the stratified estimate: mean = sum W_h m_h, SE^2 = sum W_h^2 s_h^2 / n_h."""
    with localcontext(MEASURED):
        area_ha = sum((stratum.area_ha for stratum in strata), Decimal(0))
        means: dict[str, Decimal] = {}
        weighted, variance = Decimal(0), Decimal(0)
        for stratum in strata:
            n = len(stratum.changes_per_ha)
            mean = sum(stratum.changes_per_ha, Decimal(0)) / n
            squares = sum(((change - mean) ** 2 for change in stratum.changes_per_ha), Decimal(0))
            means[stratum.name] = mean
            # One division at the end of each term keeps equal plots exactly equal.
            weighted += stratum.area_ha * mean
            variance += stratum.area_ha**2 * squares / ((n - 1) * n)
        return Estimate(
            area_ha=area_ha,
            mean_per_ha=weighted / area_ha,
            standard_error=variance.sqrt() / area_ha,
            means=means,
        )


def relative_error_pct(found: Estimate, t_value: Decimal) -> Decimal:
    """Return t * SE / mean in per cent. The mean must be positive."""
    with localcontext(MEASURED):
        return t_value * found.standard_error / found.mean_per_ha * 100


def discount_subject(error_pct: Decimal) -> str:
    """Return which discount applies; raises SamplingRefused above 30 %."""
    for bound_pct, subject in BANDS:
        if error_pct <= bound_pct:
            return subject
    raise SamplingRefused(reason=too_wide(error_pct))


def too_wide(error_pct: Decimal) -> Text:
    """Return the words for a relative error above the bound."""
    shown = error_pct.quantize(Decimal("0.01"))
    return both(
        f"90% 可靠性下相对误差为 {shown}%，超过 {ERROR_PCT_MAX}%。",
        f"The relative error at 90 % confidence is {shown} %, above {ERROR_PCT_MAX} %.",
    )


@dataclass(frozen=True, slots=True)
class UnequalStratum:
    """A stratum whose plots may differ in area: (plot area in m2, change per hectare) of each."""

    name: str
    area_ha: Decimal
    plots: Sequence[tuple[Decimal, Decimal]]


def ratio_estimate(strata: Sequence[UnequalStratum]) -> Estimate:
    """Return the stratified estimate with plots weighted by their area (ratio of means).

    mean_h = sum a c / sum a; SE^2 = sum W_h^2 n / (n - 1) * sum (a (c - mean_h))^2 / (sum a)^2. With
    equal plots this is `estimate` (Cochran 1977, section 6.3, no finite correction).
    """
    with localcontext(MEASURED):
        area_ha = sum((stratum.area_ha for stratum in strata), Decimal(0))
        means: dict[str, Decimal] = {}
        weighted, variance = Decimal(0), Decimal(0)
        for stratum in strata:
            n = len(stratum.plots)
            measured_m2 = sum((area for area, _ in stratum.plots), Decimal(0))
            mean = sum((area * change for area, change in stratum.plots), Decimal(0)) / measured_m2
            squares = sum(
                ((area * (change - mean)) ** 2 for area, change in stratum.plots), Decimal(0)
            )
            means[stratum.name] = mean
            weighted += stratum.area_ha * mean
            variance += stratum.area_ha**2 * squares * n / ((n - 1) * measured_m2**2)
        return Estimate(
            area_ha=area_ha,
            mean_per_ha=weighted / area_ha,
            standard_error=variance.sqrt() / area_ha,
            means=means,
        )
