"""The columns of an import file: their names, and what a cell of each may hold."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from registry_svc.sites.rules import LandUse, is_plate
from tht_kit.errors import Text


class Kind(StrEnum):
    """What a file may bring into a draft."""

    PARCELS = "parcels"
    METERS = "meters"
    VEHICLES = "vehicles"


# Every name a column may have; .dbf keeps ten bytes of a name, so their shortened forms too.
NAMES: Mapping[str, tuple[str, ...]] = {
    "parcel_no": ("parcel_no", "地块编号", "地块号"),
    "area_m2": ("area_m2", "面积", "面积平方米", "面积(平方米)", "面积（平方米）"),
    "land_use": ("land_use", "地类"),
    "non_forest_since": ("non_forest_since", "non_forest", "非林地起", "非林地起始日期"),
    "is_wetland": ("is_wetland", "湿地", "是否湿地"),
    "geometry": ("geometry", "wkt", "边界"),
    "meter_no": ("meter_no", "电表号", "表号"),
    "plate_no": ("plate_no", "车牌号", "号牌号码"),
}
BY_NAME = {alias.lower(): name for name, aliases in NAMES.items() for alias in aliases}
PARCEL_COLUMNS = ("parcel_no", "area_m2", "land_use", "non_forest_since", "is_wetland")
NUMBER_COLUMN = {Kind.PARCELS: "parcel_no", Kind.METERS: "meter_no", Kind.VEHICLES: "plate_no"}

_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z-]{0,31}")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|(\d{2})(\d{2}))", re.ASCII)
_AREA = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)
_CENT = Decimal("0.01")
_LAND_USES = {
    **{use.value: use for use in LandUse},
    "宜林荒山荒地": LandUse.SUITABLE_BARREN_LAND,
    "退耕地": LandUse.ABANDONED_FARMLAND,
    "撂荒地": LandUse.ABANDONED_FARMLAND,
    "采伐迹地": LandUse.CLEARED_LAND,
    "火烧迹地": LandUse.CLEARED_LAND,
    "其他非林地": LandUse.OTHER_NON_FOREST_LAND,
    "经济林": LandUse.ECONOMIC_FOREST,
    "绿化用地": LandUse.GREENING_LAND,
}
_TRUTH = {
    **dict.fromkeys(("true", "1", "是", "yes", "y", "t"), True),
    **dict.fromkeys(("false", "0", "否", "no", "n", "f"), False),
}


class CellWrong(Exception):
    """Why a cell does not hold what its column may, and what to write instead."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh=zh, en=en)


def number(cell: Any) -> str:
    """Return the number of a parcel or meter. Raises CellWrong."""
    text = _text(cell)
    if not _NUMBER.fullmatch(text):
        raise CellWrong(
            f"“{text[:40]}”不是编号；请用大写字母、数字和连字符，至多 32 位。",
            f"“{text[:40]}” is no number: write capitals, digits and hyphens, at most 32.",
        )
    return text


def plate(cell: Any) -> str:
    """Return the plate of a vehicle. Raises CellWrong."""
    text = _text(cell).upper().replace("·", "")
    if not is_plate(text):
        raise CellWrong(
            f"“{text[:40]}”不是车牌号；请写成如 渝A12345 或 渝AD12345。",
            f"“{text[:40]}” is no plate: write it like 渝A12345 or 渝AD12345.",
        )
    return text


def area(cell: Any) -> Decimal:
    """Return an area in m², to a hundredth. Raises CellWrong."""
    text = repr(cell) if isinstance(cell, float) else _text(cell)
    value = Decimal(text) if _AREA.fullmatch(text) else Decimal(0)
    try:
        value = value.quantize(_CENT)
    except InvalidOperation:
        value = Decimal(0)
    if value <= 0:
        raise CellWrong(
            f"“{text[:40]}”不是面积；请写平方米数，不带单位和千位分隔符，如 642000.00。",
            f"“{text[:40]}” is no area: write m² without unit and separators, like 642000.00.",
        )
    return value


def land_use(cell: Any) -> LandUse:
    """Return a kind of land. Raises CellWrong."""
    text = _text(cell)
    if text not in _LAND_USES:
        raise CellWrong(
            f"“{text[:40]}”不是地类；请填写 {'、'.join(_LAND_USES)} 之一。",
            f"“{text[:40]}” is no kind of land: write one of {', '.join(LandUse)}.",
        )
    return _LAND_USES[text]


def day(cell: Any) -> date:
    """Return a calendar day. Raises CellWrong."""
    if isinstance(cell, date):
        return cell
    text = _text(cell)
    found = _DAY.fullmatch(text)
    if found is not None:
        try:
            return date(*(int(part) for part in found.groups() if part is not None))
        except ValueError:
            pass  # 2021-02-29: as wrong as any other text
    raise CellWrong(
        f"“{text[:40]}”不是日期；请写成 2010-01-01。",
        f"“{text[:40]}” is no day: write it like 2010-01-01.",
    )


def truth(cell: Any) -> bool:
    """Return yes or no. Raises CellWrong."""
    text = _text(cell).lower()
    if text not in _TRUTH:
        raise CellWrong(
            f"“{text[:40]}”不是是非值；请填写 是 或 否。",
            f"“{text[:40]}” is neither yes nor no: write true or false.",
        )
    return _TRUTH[text]


READ: Mapping[str, Callable[[Any], Any]] = {
    "parcel_no": number,
    "area_m2": area,
    "land_use": land_use,
    "non_forest_since": day,
    "is_wetland": truth,
    "meter_no": number,
    "plate_no": plate,
}


def _text(cell: Any) -> str:
    """Return a cell as text. Raises CellWrong for an empty one."""
    text = "" if cell is None else str(cell).strip()
    if not text:
        raise CellWrong("此项为空，请填写。", "It is empty: fill it in.")
    return text
