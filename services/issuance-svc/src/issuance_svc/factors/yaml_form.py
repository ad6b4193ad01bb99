"""Factor files: the sectioned form (a place's value under its headings) or a plain list. Pure.

Every scalar is read as text. A section that is no factor is named as belonging elsewhere, one that
nobody knows is a problem: nothing is passed over in silence.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from issuance_svc.factors.errors import FactorFileUnreadable
from issuance_svc.factors.models import GRADES
from issuance_svc.factors.rules import Place, Values
from tht_kit.errors import FieldProblem, Text

FILE_BYTES_MAX = 512 * 1024
DEPTH_MAX = 8
NAME_CHARS_MAX = 64
SOURCE_CHARS_MAX = 4000
_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?", re.ASCII)

# Sections of the same seed that other parts of the platform own.
ELSEWHERE = {
    "ccer": Text(zh="签发规则（claim_rules）与交易规则", en="claim rules and trading rules"),
    "cq_offset_rules": Text(zh="交易服务的履约规则", en="offset rules of trading-svc"),
    "national_offset_rules": Text(zh="交易服务的履约规则", en="offset rules of trading-svc"),
    "points": Text(zh="积分服务的兑换规则", en="rules of points-svc"),
    "event": Text(zh="交易服务的中和规则", en="neutrality rules of trading-svc"),
}
SPECIES = {
    "wd": ("species_wd", "t d.m./m3"),
    "bef": ("species_bef", "1"),
    "rsr": ("species_rsr", "1"),
    "cf": ("species_cf", "tC/t d.m."),
}
FORESTRY = {
    "cf": ("biomass_cf", None, "tC/t d.m."),
    "rsr": ("biomass_rsr", None, "1"),
    "k_risk": ("k_risk", None, "1"),
    "min_parcel_m2": ("forestry_rule", "min_parcel_m2", "m2"),
    "min_parcel_m2_start_2019_or_earlier": (
        "forestry_rule",
        "min_parcel_m2_start_2019_or_earlier",
        "m2",
    ),
    "max_shrub_removal_pct": ("forestry_rule", "max_shrub_removal_pct", "%"),
    "non_forest_years": ("forestry_rule", "non_forest_years", "a"),
}
FIRE = {
    "comf": ("fire_comf", None, "1"),
    "ch4_g_per_kg": ("fire_ch4", None, "g/kg d.m."),
    "n2o_g_per_kg": ("fire_n2o", None, "g/kg d.m."),
    "gwp_ch4": ("gwp_ch4", "AR5", "tCO2e/t"),
    "gwp_n2o": ("gwp_n2o", "AR5", "tCO2e/t"),
}
LIST_KEYS = {
    "kind", "region", "subject", "year", "value", "unit", "grade", "source", "version",
    "valid_from", "valid_until",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One factor of the file and where it stands."""

    pointer: str
    place: Place
    values: Values


@dataclass(slots=True)
class FactorFile:
    """What a file holds: factors, sections of other parts, and what is wrong."""

    entries: list[Entry] = field(default_factory=list)
    elsewhere: list[tuple[str, Text]] = field(default_factory=list)
    problems: list[FieldProblem] = field(default_factory=list)

    def wrong(self, pointer: str, zh: str, en: str) -> None:
        self.problems.append(FieldProblem(pointer, Text(zh=zh, en=en)))


def parse(content: bytes, *, source: str) -> FactorFile:
    """Return what the file holds; `source` stands for entries that state none of their own.

    Raises FactorFileUnreadable.
    """
    document = _load(content)
    found = FactorFile()
    if isinstance(document, list):
        _plain_list(found, document, source)
    elif isinstance(document, dict):
        for name, section in document.items():
            _section(found, name, section, source)
    else:
        raise _unreadable("文件应为映射或列表。", "The file must be a mapping or a list.")
    _name_repeats(found)
    if not (found.entries or found.problems):
        raise _unreadable("文件中没有因子。", "There is no factor in the file.")
    return found


def _load(content: bytes) -> Any:
    if len(content) > FILE_BYTES_MAX:
        raise _unreadable("文件超过 512 KiB。", "The file is larger than 512 KiB.")
    try:
        text = content.decode("utf-8-sig")
        depth = 0
        # An alias could make a small file a vast document; a deep one could exhaust the stack.
        for event in yaml.parse(text, yaml.BaseLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _unreadable("不接受锚点与别名。", "Anchors and aliases are not taken.")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_MAX:
                raise _unreadable("嵌套过深。", "The file is nested too deeply.")
        return yaml.load(text, _NoRepeats)  # noqa: S506 - a BaseLoader, which makes text only
    except UnicodeDecodeError:
        raise _unreadable("文件不是 UTF-8 编码。", "The file is not UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{mark.line + 1}:{mark.column + 1}" if mark is not None else "-"
        what = getattr(error, "problem", None) or "YAML"
        raise _unreadable(
            f"YAML 第 {where} 处有误：{what}。", f"The YAML is wrong at {where}: {what}."
        ) from None


class _NoRepeats(yaml.BaseLoader):
    """A key given twice would silently win over the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is not a word", key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _unreadable(zh: str, en: str) -> FactorFileUnreadable:
    return FactorFileUnreadable(reason=Text(zh=zh, en=en))


def _section(found: FactorFile, name: str, section: Any, source: str) -> None:
    pointer = f"/{name}"
    if name in ELSEWHERE:
        found.elsewhere.append((pointer, ELSEWHERE[name]))
        return
    reader = SECTIONS.get(name)
    if reader is None:
        known = ", ".join([*SECTIONS, *ELSEWHERE])
        found.wrong(pointer, f"没有这一节；已知：{known}", f"No such section; known are {known}")
    elif not isinstance(section, dict):
        found.wrong(pointer, "应为映射", "It must be a mapping")
    else:
        reader(found, pointer, section, source)


def _grid_average(found: FactorFile, at: str, section: dict[str, Any], source: str) -> None:
    for pointer, region, year, cell in _by_region_and_year(found, at, section):
        place = Place("grid_average", region, None, year)
        _add(found, pointer, place, cell, "v", "kgCO2/kWh", source)


def _grid_baseline(found: FactorFile, at: str, section: dict[str, Any], source: str) -> None:
    for pointer, region, year, cell in _by_region_and_year(found, at, section):
        includes = cell.get("includes")
        said = f"{source}；{' '.join(includes)}" if isinstance(includes, list) else source
        for margin in ("om", "bm"):
            place = Place(f"grid_baseline_{margin}", region, None, year)
            _add(found, pointer, place, cell, margin, "tCO2/MWh", said)


def _by_region_and_year(
    found: FactorFile, at: str, section: dict[str, Any]
) -> Iterator[tuple[str, str, int, dict[str, Any]]]:
    for region, years in section.items():
        if not isinstance(years, dict):
            found.wrong(f"{at}/{region}", "应按年份列出", "It must list years")
            continue
        for year, cell in years.items():
            pointer = f"{at}/{region}/{year}"
            if not (year.isascii() and year.isdigit() and 1990 <= int(year) <= 2100):  # noqa: PLR2004
                found.wrong(pointer, "年份应为 1990 至 2100", "The year must be 1990 to 2100")
            elif not isinstance(cell, dict):
                found.wrong(pointer, "应为映射", "It must be a mapping")
            else:
                yield pointer, region, int(year), cell


def _weights(found: FactorFile, at: str, section: dict[str, Any], source: str) -> None:
    for margin in ("om", "bm"):
        _add(found, at, Place(f"pv_weight_{margin}"), section, margin, "1", source)


def _forestry(found: FactorFile, at: str, section: dict[str, Any], source: str) -> None:
    for name, cell in section.items():
        pointer = f"{at}/{name}"
        if name == "species" and isinstance(cell, str):
            said = Text(zh="文件未列出数值，见包内树种表", en="no values here: the packaged table")
            found.elsewhere.append((pointer, said))
        elif not isinstance(cell, dict):
            found.wrong(pointer, "应为映射", "It must be a mapping")
        elif name == "species":
            _species(found, pointer, cell, source)
        elif name == "crediting_years":
            _range(found, pointer, cell, source)
        elif name == "sampling_discount":
            for band in (key for key in cell if key != "g"):
                place = Place("sampling_discount_pct", subject=band)
                _add(found, pointer, place, cell, band, "%", source)
        elif name == "fire":
            _named(found, pointer, cell, FIRE, source)
        elif name in FORESTRY:
            kind, subject, unit = FORESTRY[name]
            _add(found, pointer, Place(kind, subject=subject), cell, "v", unit, source)
        else:
            found.wrong(pointer, "没有这个参数", "No such parameter")


def _range(found: FactorFile, at: str, cell: dict[str, Any], source: str) -> None:
    bounds = cell.get("v")
    if not (isinstance(bounds, list) and len(bounds) == 2):  # noqa: PLR2004 - lowest and highest
        found.wrong(f"{at}/v", "应为 [下限, 上限]", "It must be [lowest, highest]")
        return
    for end, value in zip(("min", "max"), bounds, strict=True):
        place = Place("forestry_rule", subject=f"crediting_years_{end}")
        _add(found, at, place, {"v": value, "g": cell.get("g")}, "v", "a", source)


def _species(found: FactorFile, at: str, table: dict[str, Any], source: str) -> None:
    for species, cell in table.items():
        if not isinstance(cell, dict):
            found.wrong(f"{at}/{species}", "应为映射", "It must be a mapping")
            continue
        for name, (kind, unit) in SPECIES.items():
            if name in cell:
                place = Place(kind, subject=species)
                _add(found, f"{at}/{species}", place, cell, name, unit, source)


def _named(
    found: FactorFile,
    at: str,
    cell: dict[str, Any],
    known: Mapping[str, tuple[str, str | None, str]],
    source: str,
) -> None:
    for name in cell:
        if name in ("g", "set", "note"):
            continue
        if name not in known:
            found.wrong(f"{at}/{name}", "没有这个参数", "No such parameter")
            continue
        kind, subject, unit = known[name]
        _add(found, at, Place(kind, subject=subject), cell, name, unit, source)


def _travel(found: FactorFile, at: str, section: dict[str, Any], source: str) -> None:
    said = section.get("set") or source
    modes = {
        mode: ("travel_per_pkm", mode, "kgCO2/pkm")
        for mode in ("baseline", "bus", "rail", "bike", "walk")
    }
    _named(found, at, section, modes, str(said))


def _flat(found: FactorFile, at: str, section: dict[str, Any], source: str) -> None:
    known = {
        "bus_ride_kg": ("travel_flat_ride", "bus", "kgCO2/ride"),
        "bus_ride_points": ("points_per_ride", "bus", "points/ride"),
    }
    _named(found, at, section, known, source)


Reader = Callable[[FactorFile, str, dict[str, Any], str], None]
SECTIONS: dict[str, Reader] = {
    "grid_average_kg_per_kwh": _grid_average,
    "grid_baseline_t_per_mwh": _grid_baseline,
    "pv_weights": _weights,
    "forestry": _forestry,
    "travel_kg_per_pkm": _travel,
    "travel_flat": _flat,
}


def _plain_list(found: FactorFile, rows: list[Any], source: str) -> None:
    for index, row in enumerate(rows):
        pointer = f"/{index}"
        if not isinstance(row, dict) or not row.get("kind"):
            found.wrong(pointer, "应为含 kind 的映射", "It must be a mapping with a kind")
            continue
        for name in sorted(set(row) - LIST_KEYS):
            found.wrong(f"{pointer}/{name}", "没有这个字段", "No such field")
        year = row.get("year")
        if year is not None and not (isinstance(year, str) and year.isascii() and year.isdigit()):
            found.wrong(f"{pointer}/year", "应为年份", "It must be a year")
            continue
        place = Place(
            row["kind"], row.get("region"), row.get("subject"), int(year) if year else None
        )
        cell = {"v": row.get("value"), "g": row.get("grade")} | {
            name: row[name] for name in ("valid_from", "valid_until") if name in row
        }
        _add(found, pointer, place, cell, "v", row.get("unit", "1"), _source(row, source))


def _source(row: dict[str, Any], source: str) -> Any:
    """Return the row's own source; a blank one is none."""
    own = row.get("source")
    return source if own is None or (isinstance(own, str) and not own.strip()) else own


def _add(
    found: FactorFile,
    at: str,
    place: Place,
    cell: dict[str, Any],
    name: str,
    unit: str,
    source: str,
) -> None:
    """Take one value of a cell, its grade beside it; whatever is wrong is noted."""
    value, grade = _decimal(cell.get(name)), cell.get("g")
    if not _writable((place.kind, place.region, place.subject, unit), source):
        found.wrong(
            at,
            f"名称应为至多 {NAME_CHARS_MAX} 个可见字符，来源至多 {SOURCE_CHARS_MAX} 个",
            f"Names are printable text of at most {NAME_CHARS_MAX} characters, a source"
            f" {SOURCE_CHARS_MAX}",
        )
        return
    if value is None:
        found.wrong(f"{at}/{name}", "应为十进制数", "It must be a decimal number")
    if grade not in GRADES:
        known = ", ".join(GRADES)
        found.wrong(f"{at}/g", f"证据等级应为 {known}", f"The grade must be one of {known}")
    days: dict[str, date | None] = {}
    for bound in ("valid_from", "valid_until"):
        try:
            days[bound] = date.fromisoformat(cell[bound]) if bound in cell else None
        except (TypeError, ValueError):
            found.wrong(f"{at}/{bound}", "应为 YYYY-MM-DD", "It must be YYYY-MM-DD")
            return
    if value is not None and grade in GRADES:
        values = Values(value, unit, grade, source, days["valid_from"], days["valid_until"])
        found.entries.append(Entry(f"{at}/{name}", place, values))


def _writable(names: Sequence[object], source: object) -> bool:
    texts = [(name, NAME_CHARS_MAX) for name in names if name is not None]
    return all(
        isinstance(text, str) and 0 < len(text) <= most and text.isprintable()
        for text, most in [*texts, (source, SOURCE_CHARS_MAX)]
    )


def _decimal(text: object) -> Decimal | None:
    # No exponent: 1e999999999 is short to write and a gigabyte to store.
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        return None
    return Decimal(text)


def _name_repeats(found: FactorFile) -> None:
    first: dict[Place, str] = {}
    for entry in found.entries:
        other = first.setdefault(entry.place, entry.pointer)
        if other != entry.pointer:
            found.wrong(
                entry.pointer, f"与 {other} 是同一因子", f"It is the same factor as {other}"
            )
