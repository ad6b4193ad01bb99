"""What a methodology is to the rest of the service: pure functions under a code and a formula version."""

from collections.abc import Callable
from dataclasses import dataclass

from issuance_svc.methodologies.calculation import FactorNeed, Inputs, Outcome, PlotMeasurement


def _nothing(inputs: Inputs) -> list[PlotMeasurement]:
    del inputs
    return []


@dataclass(frozen=True, slots=True)
class Methodology:
    """One formula version of one methodology.

    `needs` names the factors the inputs call for, `calculate` turns complete inputs into an outcome,
    `closing` returns the inventory with which the project's next report has to begin.
    """

    code: str
    formula_version: str
    needs: Callable[[Inputs], list[FactorNeed]]
    calculate: Callable[[Inputs], Outcome]
    closing: Callable[[Inputs], list[PlotMeasurement]] = _nothing
