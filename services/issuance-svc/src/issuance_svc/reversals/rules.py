"""What a loss costs (R20): exact decimals, rounded once, up, at the owner's units. Pure.

A project's stock stands behind its credits. What was kept back (K_RISK) is cover: a loss eats it
first, and what it ate is a deficit that has to regrow before more is issued. Stock and what stands
behind it stay equal: stock gained = credits outstanding + cover - what is missing beyond it.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext

from issuance_svc.methodologies.calculation import EXACT, MEASURED, whole_tonnes

# Divisions leave an error in the last of fifty digits: what lies this close above a whole tonne is
# that tonne, as in whole_tonnes.
GUARD_T = Decimal("1e-25")

# Divisions are cut here, so that sums and differences of their results stay exact.
VOID_T = Decimal("1e-30")


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands behind a project before a loss."""

    deducted: Decimal  # ever kept back, never issued
    deficit: Decimal  # eaten by earlier losses, not yet regrown
    buffer_t: int  # its units in the buffer
    outstanding_t: int  # issued and not yet owed for or cancelled for a reversal

    @property
    def cover(self) -> Decimal:
        with localcontext(EXACT):
            return max(self.deducted - self.deficit, Decimal(0))


@dataclass(frozen=True, slots=True)
class Loss:
    """How a loss is borne."""

    covered: Decimal
    buffer_t: int
    debt_t: int
    deficit: Decimal  # what has to regrow because of it


def ceil_tonnes(value: Decimal) -> int:
    """Return the whole tonnes that are not less than the value."""
    with localcontext(MEASURED):
        return int((value - GUARD_T).to_integral_value(rounding=ROUND_CEILING))


def bear(loss: Decimal, before: Standing) -> Loss:
    """Share a gross loss out: cover, then the buffer, then the owner, rounded up.

    After R16 a loss of 1,000 t: 279.97 covered, 721 owed. Nobody owes more than was issued; what is
    lost beyond that was never a credit, and regrows before anything is issued [D].
    """
    with localcontext(EXACT):
        covered = min(loss, before.cover)
        units_t = min(max(0, ceil_tonnes(loss - covered)), before.outstanding_t)
        buffer_t = min(units_t, before.buffer_t)
        return Loss(
            covered=covered,
            buffer_t=buffer_t,
            debt_t=units_t - buffer_t,
            deficit=max(covered, loss - units_t),
        )


def correct(quantity_t: int, before: Standing) -> Loss:
    """Return the debt for units that should never have been: an equal quantity, no cover (R10)."""
    debt_t = min(quantity_t, before.outstanding_t)
    return Loss(covered=Decimal(0), buffer_t=0, debt_t=debt_t, deficit=Decimal(0))


@dataclass(frozen=True, slots=True)
class Void:
    """What an issuance kept back and let regrow that never was, because its growth was not."""

    deducted: Decimal
    regrown: Decimal


def void(deducted: Decimal, regrown: Decimal, taken_t: Decimal, issued_t: int) -> Void:
    """Return the part of an issuance's backing that goes with the tonnes taken back of it (R10).

    2,519 of 2,519 t taken back leave none of the 279.97 t cover. In units of 1e-30 t, up: the cover
    is never too large.
    """
    if taken_t == issued_t:
        return Void(deducted, regrown)
    with localcontext(MEASURED) as context:
        context.rounding = ROUND_CEILING
        part = (deducted * taken_t / issued_t, regrown * taken_t / issued_t)
        kept, grown = (value.quantize(VOID_T) for value in part)
    return Void(min(kept, deducted), min(grown, regrown))


@dataclass(frozen=True, slots=True)
class Growth:
    """What of a verified growth can be issued after a deficit has regrown."""

    regrown: Decimal  # gross
    deducted: Decimal
    issuable_t: int


def regrow(verified_t: int, calculated: Decimal, deducted: Decimal, deficit: Decimal) -> Growth:
    """Let a deficit regrow from the gross growth; the rest is issued and kept back in proportion.

    Growth of 2,799.70 t gross after a deficit of 279.97: 2,519.73 t are new, 2,267 of them issued.
    """
    with localcontext(MEASURED):
        gross = calculated + deducted
        if deficit <= 0 or gross <= 0:
            return Growth(Decimal(0), deducted, verified_t)
        regrown = min(deficit, gross)
        left = (gross - regrown) / gross
        issuable_t = min(verified_t, whole_tonnes(calculated * left))
        return Growth(regrown, deducted * left, issuable_t)
