"""Single trees: aboveground biomass from the diameter, and what it holds."""

from decimal import Decimal, localcontext

from issuance_svc.methodologies.calculation import MEASURED

CO2_PER_C_OVER, CO2_PER_C_UNDER = 44, 12


def aboveground_kg(diameter_cm: Decimal, density_g_per_cm3: Decimal) -> Decimal:
    """Return 0.3 * rho * D^(7/3), the general one-variable model (Zeng 2018, grade V2).

    D^7 is exact; only the cube root is rounded, in the fiftieth digit. Raises ValueError for a
    diameter or density that is not positive.
    """
    if diameter_cm <= 0 or density_g_per_cm3 <= 0:
        raise ValueError(f"diameter {diameter_cm} cm, density {density_g_per_cm3} g/cm3")
    with localcontext(MEASURED):
        return Decimal("0.3") * density_g_per_cm3 * (diameter_cm**7) ** (Decimal(1) / Decimal(3))


def co2(biomass: Decimal, root_shoot_ratio: Decimal, carbon_fraction: Decimal) -> Decimal:
    """Return the CO2 of aboveground biomass with its roots, in the biomass's unit.

    44/12 is applied as times 44, then by 12: a rounded 3.666667 gives other digits (R16).
    """
    with localcontext(MEASURED):
        carbon = biomass * (1 + root_shoot_ratio) * carbon_fraction
        return carbon * CO2_PER_C_OVER / CO2_PER_C_UNDER


def diameter_term(diameter_cm: Decimal) -> Decimal:
    """Return D^(7/3), the part of the general model that no factor touches; D in cm.

    D^7 is exact; only the cube root is rounded, in the fiftieth digit.
    """
    with localcontext(MEASURED):
        return (diameter_cm**7) ** (Decimal(1) / Decimal(3))
