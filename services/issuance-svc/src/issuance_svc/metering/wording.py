"""What can be wrong with a row of meter data, and how it is mended. Pure."""

from decimal import Decimal

from issuance_svc.metering.models import Channel
from issuance_svc.metering.options import UNITS
from issuance_svc.uploads.rows import shown
from tht_kit.errors import Text


def foreign(meter_no: str) -> tuple[Text, Text]:
    what = Text(
        zh=f"表计 {shown(meter_no)} 未登记在本项目",
        en=f"the meter {shown(meter_no)} is not registered with this project",
    )
    cure = Text(zh="核对表号；换表请先登记", en="check the number; record a replaced meter first")
    return what, cure


def unknown_channel(text: str) -> tuple[Text, Text]:
    what = Text(zh=f"“{shown(text)}”不是通道", en=f"“{shown(text)}” is no channel")
    names = "、".join(Channel)
    return what, Text(zh=f"填写 {names} 之一", en=f"write one of {', '.join(Channel)}")


def unknown_unit(text: str) -> tuple[Text, Text]:
    what = Text(zh=f"不认识单位“{shown(text)}”", en=f"the unit “{shown(text)}” is not known")
    return what, Text(zh=f"填写 {'、'.join(UNITS)} 之一", en=f"write one of {', '.join(UNITS)}")


def second_unit(unit: str, first: str) -> tuple[Text, Text]:
    what = Text(
        zh=f"单位 {unit} 与首行的 {first} 不同",
        en=f"the unit {unit} is not that of row one, {first}",
    )
    return what, Text(zh="全文件使用同一单位", en="use one unit in a file")


def negative(channel: Channel, value: Decimal) -> tuple[Text, Text]:
    what = Text(
        zh=f"{channel.value} 通道的值 {value:f} 为负",
        en=f"the value {value:f} of the channel {channel.value} is below zero",
    )
    return what, Text(
        zh="核对通道；双向净值用 net 通道", en="check the channel; values of both signs are net"
    )


def no_zone(text: str) -> tuple[Text, Text]:
    what = Text(zh=f"时间“{shown(text)}”没有时区", en=f"the time “{shown(text)}” has no zone")
    cure = Text(
        zh="写明时区，或上传时给出 utc_offset，如 +08:00",
        en="write the zone, or give utc_offset with the upload, such as +08:00",
    )
    return what, cure


def no_time(text: str, pattern: str | None) -> tuple[Text, Text]:
    what = Text(zh=f"“{shown(text)}”不是时间", en=f"“{shown(text)}” is not a time")
    form = pattern or "2025-01-31T23:45:00+08:00"
    return what, Text(zh=f"写成 {form} 的形式", en=f"write it like {form}")


def off_raster(interval_min: int) -> tuple[Text, Text]:
    what = Text(
        zh=f"时间不在本文件 {interval_min} 分钟的时刻上",
        en=f"the time is not on the file's own raster of {interval_min} minutes",
    )
    return what, Text(zh="核对区间长度与时间", en="check the interval's length and the time")


def contradiction(number: int, value: Decimal, other: Decimal) -> tuple[Text, Text]:
    what = Text(
        zh=f"与第 {number} 行是同一区间，但值 {value:f} 与 {other:f} 不同",
        en=f"is the same interval as row {number}, but {value:f} is not {other:f}",
    )
    return what, Text(zh="留下正确的一行", en="keep the right one of the rows")


def second_length(minutes: int) -> tuple[Text, Text]:
    what = Text(
        zh=f"区间长度 {minutes} 分钟与文件前部不同",
        en=f"the interval length of {minutes} minutes is not that of the file's first meter",
    )
    return what, Text(zh="每种区间长度一个文件", en="use one file per interval length")


def no_record(meter_no: str) -> tuple[Text, Text]:
    what = Text(
        zh=f"表计 {shown(meter_no)} 没有档案", en=f"the meter {shown(meter_no)} has no record"
    )
    cure = Text(
        zh="先登记倍率与位数：POST /v1/meters",
        en="record its multiplier and digits first: POST /v1/meters",
    )
    return what, cure


def foreign_channel(meter_no: str, channel: Channel) -> tuple[Text, Text]:
    what = Text(
        zh=f"表计 {shown(meter_no)} 的档案没有 {channel.value} 通道",
        en=f"the record of the meter {shown(meter_no)} has no channel {channel.value}",
    )
    return what, Text(zh="核对通道，或更新表计档案", en="check the channel, or mend the record")


def beyond_digits(index: Decimal, digits: int) -> tuple[Text, Text]:
    what = Text(
        zh=f"示数 {index:f} 超出 {digits} 位表计的范围",
        en=f"the index {index:f} is not within {digits} digits",
    )
    return what, Text(zh="核对示数与位数", en="check the index and the meter's digits")


def single_reading(meter_no: str, channel: Channel) -> tuple[Text, Text]:
    what = Text(
        zh=f"表计 {shown(meter_no)} 的 {channel.value} 只有一个示数，无法求差",
        en=f"is the only reading of {channel.value} of the meter {shown(meter_no)}: there is no"
        " difference",
    )
    return what, Text(zh="补上另一次抄表", en="add the other reading")


def decrease(before: Decimal, at: str, after: Decimal) -> tuple[Text, Text]:
    what = Text(
        zh=f"示数由 {at} 的 {before:f} 降为 {after:f}，且不是翻转",
        en=f"the index falls from {before:f} at {at} to {after:f}, which is no rollover",
    )
    cure = Text(
        zh="更正示数；换表请先登记替换",
        en="mend the index; record the replacement if the meter was exchanged",
    )
    return what, cure


def after_replacement(meter_no: str, day: object) -> tuple[Text, Text]:
    what = Text(
        zh=f"表计 {shown(meter_no)} 已于 {day} 拆下",
        en=f"the meter {shown(meter_no)} was taken out on {day}",
    )
    return what, Text(zh="使用新表的表号", en="use the number of the new meter")
