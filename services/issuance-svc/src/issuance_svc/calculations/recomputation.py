"""R21: a report computed again from what it stored, under the version it was computed with."""

from dataclasses import dataclass
from itertools import islice

from issuance_svc.calculations.lines import Difference, differences
from issuance_svc.methodologies import catalogue
from issuance_svc.methodologies.calculation import Inputs
from issuance_svc.reports.models import Report

DIFFERENCES_MAX = 200


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What computing again gave; no difference means every digit of the tree is the same."""

    report: Report
    current_version: str
    values: int
    differences: list[Difference]


def recompute(report: Report) -> Recomputed:
    """Return where the report's numbers differ from its inputs computed again.

    Raises MethodologyUnsupported and what the methodology's module raises.
    """
    used = catalogue.version(report.methodology_code, report.formula_version)
    outcome = used.calculate(Inputs.model_validate(report.inputs))
    stored = {
        "calculated": format(report.calculated, "f"),
        "calculated_t": report.calculated_t,
        "deducted": format(report.deducted, "f"),
        "buffer_t": report.buffer_t,
        "loss": format(report.loss, "f"),
        "vintages": report.vintages,
        "tree": report.calculation,
    }
    again = outcome.model_dump(mode="json", include=set(stored))
    found = list(islice(differences(stored, again), DIFFERENCES_MAX))
    current = catalogue.current(report.methodology_code).formula_version
    return Recomputed(report, current, _count_values(again["tree"]), found)


def _count_values(node: dict[str, object]) -> int:
    parts = node.get("operands")
    below = parts if isinstance(parts, list) else []
    return 1 + sum(_count_values(part) for part in below)
