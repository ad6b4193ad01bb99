"""Words and arithmetic of a verification. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any

from issuance_svc.methodologies.calculation import EXACT


class FindingKind(StrEnum):
    CAR = "CAR"  # 纠正措施 corrective action request
    CL = "CL"  # 澄清 clarification request
    FAR = "FAR"  # 后续措施 forward action request


class FindingStatus(StrEnum):
    OPEN = "OPEN"
    ANSWERED = "ANSWERED"
    RETURNED = "RETURNED"
    CLOSED = "CLOSED"


# Who speaks next: the owner answers what is open or returned, the verifier what is answered.
FINDING_FOLLOWING: dict[FindingStatus, tuple[FindingStatus, ...]] = {
    FindingStatus.OPEN: (FindingStatus.ANSWERED,),
    FindingStatus.RETURNED: (FindingStatus.ANSWERED,),
    FindingStatus.ANSWERED: (FindingStatus.CLOSED, FindingStatus.RETURNED),
    FindingStatus.CLOSED: (),
}


class Subject(StrEnum):
    METER = "meter"
    PLOT = "plot"
    MONTH = "month"
    RECORD = "record"


# Where a finding refers to an item of the sampling plan: /sampling-plan/3 names the third.
PLAN_REFERENCE = "sampling-plan"


class CheckResult(StrEnum):
    CONFORMS = "conforms"
    MISSTATED = "misstated"


@dataclass(frozen=True, slots=True)
class Found:
    """What one record says of an item: the misstatement in tCO2e, and when it was written down."""

    misstatement_t: Decimal
    recorded_at: datetime


def counted(records: Sequence[Found], corrected_at: datetime | None) -> Decimal:
    """Return the misstatement of an item that counts, tCO2e: the largest without its sign [D].

    Records are only added, and a lower figure does not undo a higher one. What was recorded up to
    the moment `corrected_at`, when the last corrective action (CAR) naming the item was closed, is
    settled as soon as the item was looked at again; a revision of the report starts afresh, with
    a plan of its own. Worked: 20, then -3 counts 20; 20, CAR closed, then -3 counts -3.
    """
    since = [found for found in records if corrected_at and found.recorded_at > corrected_at]
    figures = [found.misstatement_t for found in since or records]
    return max(figures, key=abs, default=Decimal(0))


def misstated(figures: Iterable[Decimal]) -> Decimal:
    """Return the sum of the misstatements in tCO2e, each without its sign.

    An overstatement and an understatement are two errors: they do not cancel out [D].
    """
    with localcontext(EXACT):
        return sum((abs(found) for found in figures), Decimal(0))


def is_material(misstated_t: Decimal, calculated_t: int, materiality_pct: Decimal) -> bool:
    """Say whether the misstatements exceed the threshold; the threshold itself does not.

    5 % of 849 t is 42.45 t: 42.45 is not material, 42.46 is.
    """
    with localcontext(EXACT):
        return misstated_t * 100 > calculated_t * materiality_pct


def values_of(document: Any, key: str) -> Iterator[Any]:
    """Yield every value that stands under the key anywhere in a JSON document."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == key:
                yield value
            yield from values_of(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from values_of(value, key)


def resolve_pointer(document: Any, pointer: str) -> Any:
    """Return what a JSON Pointer (RFC 6901) names; raises LookupError where there is nothing."""
    found = document
    if pointer and not pointer.startswith("/"):
        raise LookupError(pointer)
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list):
            if not name.isascii() or not name.isdigit():
                raise LookupError(pointer)
            found = found[int(name)]
        elif isinstance(found, dict):
            found = found[name]
        else:
            raise LookupError(pointer)  # noqa: TRY004 - the pointer leads nowhere, no type is wrong
    return found
