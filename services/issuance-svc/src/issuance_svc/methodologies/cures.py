"""What mends incomplete activity data: it depends on what kind of data the inputs are. Pure."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TypeVar

from issuance_svc.methodologies.calculation import Inputs
from issuance_svc.methodologies.errors import ActivityIncomplete
from issuance_svc.methodologies.methodology import Methodology
from tht_kit.errors import Text

MONTHS = Text(
    zh="补齐缺少的数据后重新提交；停运的月份请填 0。",
    en="Add what is missing and submit again; enter 0 for months out of service.",
)
METERS = Text(
    zh="补传缺少的区间或示数后重新提交；停运期间也须有表计数据，不能由平台代为补 0。",
    en="Upload the intervals or readings that are missing and submit again; a meter out of service"
    " has data too, and nothing is taken as 0 for it.",
)
INVENTORIES = Text(
    zh="补测并上传缺少的样地调查，或补报上文所缺的事项后重新提交；未调查的样地不能以 0 代替。",
    en="Measure the plots and upload what is missing, or state what is named above, and submit"
    " again; 0 never stands for a plot that was not measured.",
)
OTHERS = Text(zh="补齐上文所缺的内容后重新提交。", en="Add what is named above and submit again.")

Found = TypeVar("Found")


def cure_of(inputs: Inputs) -> Text:
    """Return what mends data that are not complete, by what was given."""
    if inputs.readings:
        return MONTHS
    if inputs.meter_months or inputs.meters or inputs.project.meters:
        return METERS
    if inputs.plots or inputs.stands or inputs.project.area_ha:
        return INVENTORIES
    return OTHERS


def curing(entry: Methodology) -> Methodology:
    """Return the methodology, whose refusals of incomplete data say what mends data of that kind."""
    return replace(entry, needs=_told(entry.needs), calculate=_told(entry.calculate))


def _told(function: Callable[[Inputs], Found]) -> Callable[[Inputs], Found]:
    @wraps(function)
    def told(inputs: Inputs) -> Found:
        try:
            return function(inputs)
        except ActivityIncomplete as incomplete:
            raise ActivityIncomplete(
                reason=incomplete.params["reason"], cure=cure_of(inputs)
            ) from incomplete

    return told
