"""What the owner states beside a file of meter data: units, columns, channels, zone. Pure."""

import re
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from issuance_svc.intervals.stamps import offset_s
from issuance_svc.metering.models import Channel

Unit = Literal["kWh", "Wh", "MWh", "kW", "W", "MW"]
UNITS: tuple[Unit, ...] = ("kWh", "Wh", "MWh", "kW", "W", "MW")
POWER: frozenset[str] = frozenset({"kW", "W", "MW"})
INTERVALS_MIN = (5, 15, 30, 60)

# What headings and cells call the channels; NEM suffixes B and E are read by the NEM reader.
CHANNEL_NAMES: dict[str, Channel] = {
    **{channel.value: channel for channel in Channel},
    **dict.fromkeys(
        ("上网", "上网电量", "上网电能", "反向有功", "反向有功电量", "反向有功总"), Channel.EXPORT
    ),
    **dict.fromkeys(
        ("下网", "下网电量", "下网电能", "正向有功", "正向有功电量", "正向有功总"), Channel.IMPORT
    ),
    **dict.fromkeys(("发电", "发电量", "发电电量", "发电电能"), Channel.GENERATION),
    **dict.fromkeys(("厂用电", "厂用电量", "自用电", "自用电量"), Channel.AUXILIARY),
    **dict.fromkeys(("净值", "净电量"), Channel.NET),
}
# Headings of meter files, as both kinds understand them.
HEADINGS: dict[str, str] = {
    "表计编号": "meter_no",
    "表号": "meter_no",
    "电表编号": "meter_no",
    "通道": "channel",
    "时间": "time",
    "数据时间": "time",
    "抄表时间": "time",
    "read_at": "time",
}
# What these measure has one direction: a value below zero is a mistake, not night consumption.
NEVER_NEGATIVE = frozenset({Channel.IMPORT, Channel.AUXILIARY})

_OFFSET = re.compile(r"Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9]", re.ASCII)
_PER_KWH = {"kWh": Decimal(1), "Wh": Decimal(1000), "MWh": Decimal("0.001")}


def _offset(text: str) -> str:
    # A plus sign in a query string that was not encoded arrives as a space.
    text = f"+{text[1:]}" if text.startswith(" ") else text
    if not _OFFSET.fullmatch(text):
        raise ValueError("utc_offset: +08:00")
    return text


def _length(minutes: int) -> int:
    if minutes not in INTERVALS_MIN:
        raise ValueError("interval_min: 5, 15, 30, 60")
    return minutes


def _channel(text: object) -> object:
    return CHANNEL_NAMES.get(text.strip().lower(), text) if isinstance(text, str) else text


ColumnName = Annotated[str, Field(max_length=64)]
UtcOffset = Annotated[str, AfterValidator(_offset)]


class MeterFileOptions(BaseModel):
    """Common to both kinds: which meter and channel a file is about, and how its columns are called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    meter_no: str | None = Field(
        default=None, max_length=64, description="全文件同一表计 / the meter of all rows"
    )
    channel: Annotated[Channel | None, BeforeValidator(_channel)] = Field(
        default=None, description="全文件同一通道 / the channel of all rows"
    )
    time_column: ColumnName | None = Field(
        default=None, description="时间列名 / column of the times"
    )
    value_column: ColumnName | None = Field(
        default=None, description="数值列名 / column of the values"
    )
    meter_column: ColumnName | None = Field(
        default=None, description="表号列名 / column of the meters"
    )
    channel_column: ColumnName | None = Field(
        default=None, description="通道列名 / column of the channels"
    )
    time_format: str | None = Field(
        default=None,
        max_length=40,
        description="strptime 格式，缺省 ISO 8601 / strptime pattern, by default ISO 8601",
        examples=["%m/%d/%Y %H:%M"],
    )
    utc_offset: UtcOffset | None = Field(
        default=None,
        description="无时区时间的偏移，NEM 缺省 +10:00 / offset of times without a zone",
        examples=["+08:00"],
    )

    @property
    def offset_s(self) -> int | None:
        return None if self.utc_offset is None else offset_s(self.utc_offset)


class IntervalOptions(MeterFileOptions):
    """Options of the kind interval_readings."""

    interval_min: Annotated[int, AfterValidator(_length)] | None = Field(
        default=None, description="5, 15, 30, 60；NEM12 可省略 / minutes; NEM12 files say it"
    )
    unit: Unit | None = Field(default=None, description="数值单位 / unit of the values")
    unit_column: ColumnName | None = Field(
        default=None, description="单位列名 / column of the unit"
    )
    stamp: Literal["start", "end"] = Field(
        default="start", description="时间为区间起点或终点 / times are starts or ends of intervals"
    )
    values: Literal["primary", "secondary"] = Field(
        default="primary",
        description="primary 一次侧；secondary 二次侧，乘表计倍率 / secondary: times the multiplier",
    )

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if self.unit is not None and self.unit_column is not None:
            raise ValueError("unit / unit_column")
        return self


class RegisterOptions(MeterFileOptions):
    """Options of the kind register_readings; the readings are kWh."""


def per_kwh(unit: str, interval_min: int, places: int) -> int:
    """Return how many 10^-places of the unit, held for one interval, make one kWh; always whole.

    15 minutes at 1 kW are a quarter of a kWh, 5 minutes a twelfth.
    """
    energy = f"{unit}h" if unit in POWER else unit
    number = _PER_KWH[energy] * Decimal(10) ** places
    if unit in POWER:
        number *= 60 // interval_min
    assert number == int(number), "places leave room for MWh"
    return int(number)
