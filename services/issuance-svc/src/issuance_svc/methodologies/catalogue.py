"""The methodologies that can be computed, by code and formula version; old versions stay for ever."""

from collections.abc import Callable
from dataclasses import dataclass

from issuance_svc.methodologies import afforestation, citizen_travel, distributed_pv
from issuance_svc.methodologies.calculation import FactorNeed, Inputs, Outcome
from issuance_svc.methodologies.errors import MethodologyUnsupported


@dataclass(frozen=True, slots=True)
class Methodology:
    code: str
    formula_version: str
    needs: Callable[[Inputs], list[FactorNeed]]
    calculate: Callable[[Inputs], Outcome]


# Later versions of a code stand below earlier ones: the last is the current one.
METHODOLOGIES: tuple[Methodology, ...] = tuple(
    Methodology(module.CODE, module.FORMULA_VERSION, module.needs, module.calculate)
    for module in (distributed_pv, afforestation, citizen_travel)
)


def current(code: str) -> Methodology:
    """Return the newest formula version of the methodology; raises MethodologyUnsupported."""
    for found in reversed(METHODOLOGIES):
        if found.code == code:
            return found
    raise MethodologyUnsupported(methodology_code=code, formula_version="-")


def version(code: str, formula_version: str) -> Methodology:
    """Return the version a result was computed with (R21); raises MethodologyUnsupported."""
    for found in METHODOLOGIES:
        if (found.code, found.formula_version) == (code, formula_version):
            return found
    raise MethodologyUnsupported(methodology_code=code, formula_version=formula_version)
