"""What a methodology is to the rest of the service: pure functions under a code and a formula version."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from issuance_svc.methodologies.calculation import (
    FactorNeed,
    Inputs,
    Outcome,
    PlotMeasurement,
    Stand,
    Words,
)

# Plot values, or the trees themselves where a plot was told as a tree list.
Closing = Sequence[PlotMeasurement | Stand]


def _nothing(inputs: Inputs) -> Closing:
    del inputs
    return ()


@dataclass(frozen=True, slots=True)
class Glossary:
    """What the symbols of given numbers mean, and the Chinese of where they came from.

    `symbols` by name without brackets: V for V[P1]. `origins` are (pattern of the English origin,
    its Chinese, which may use the pattern's groups).
    """

    symbols: Mapping[str, Words] = field(default_factory=dict)
    origins: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Methodology:
    """One formula version of one methodology.

    `needs` names the factors the inputs call for, `calculate` turns complete inputs into an outcome,
    `closing` returns the inventory with which the project's next report has to begin, `glossary` has
    the words in which a calculation is explained.
    """

    code: str
    formula_version: str
    needs: Callable[[Inputs], list[FactorNeed]]
    calculate: Callable[[Inputs], Outcome]
    closing: Callable[[Inputs], Closing] = _nothing
    glossary: Glossary = field(default_factory=Glossary)
