"""The words on a printed certificate, in Chinese and English."""

from datetime import date, datetime
from typing import Any

from tht_kit.clock import SHANGHAI, legal_date
from trading_svc.certificates.documents import Document, Statement

Label = dict[str, str]


def label(zh: str, en: str) -> Label:
    return {"zh": zh, "en": en}


TITLE_RETIREMENT = label("减排量注销证明", "Certificate of Retirement")
TITLE_NEUTRALITY = label("碳中和证书", "Certificate of Carbon Neutrality")

REASONS = {
    "ETS_COMPLIANCE": label("碳排放权履约抵销", "ETS compliance offset"),
    "EVENT_NEUTRAL": label("大型活动碳中和", "Event carbon neutrality"),
    "ORG_NEUTRAL": label("组织碳中和", "Organisation carbon neutrality"),
    "PERSONAL": label("个人自愿注销", "Personal retirement"),
    "VOLUNTARY": label("自愿公益注销", "Voluntary retirement"),
    "ECO_DAMAGE_COMPENSATION": label("生态环境损害赔偿", "Ecological damage compensation"),
    "REVERSAL_REPLACEMENT": label("逆转补足", "Replacement after a reversal"),
}
PURPOSES = {
    "ETS_COMPLIANCE": label("抵销{year}年度碳排放配额清缴义务", "its ETS obligation of {year}"),
    "EVENT_NEUTRAL": label("“{event}”的碳中和", "the carbon neutrality of “{event}”"),
    "ORG_NEUTRAL": label("组织碳中和", "its carbon neutrality"),
    "PERSONAL": label("个人自愿减排", "voluntary personal action"),
    "VOLUNTARY": label("自愿公益减排", "voluntary climate action"),
    "ECO_DAMAGE_COMPENSATION": label("生态环境损害赔偿", "compensation of ecological damage"),
    "REVERSAL_REPLACEMENT": label("补足已逆转的减排量", "the replacement of reversed reductions"),
}
PROJECT_TYPES = {
    "distributed_pv": label("分布式光伏", "distributed PV"),
    "afforestation": label("造林碳汇", "afforestation"),
    "citizen_travel": label("市民绿色出行", "citizens' low-carbon travel"),
}
CONFIRMATIONS = {"SELF_DECLARED": label("自我承诺", "self-declared")}

HEADINGS = {
    "retirement": label("注销信息", "Retirement"),
    "units": label("减排量明细", "Units retired"),
    "statement": label("碳中和声明", "Neutrality statement"),
    "emissions": label("温室气体排放核算", "Emissions by source"),
    "measures": label("减排措施", "Reduction measures taken first"),
}
FIELDS = {
    "account_holder": label("账户持有人", "Account holder"),
    "beneficiary": label("受益方", "Beneficiary"),
    "reason": label("注销原因", "Reason"),
    "retired_at": label("注销时间", "Retired at"),
    "compliance_year": label("履约年度", "Compliance year"),
    "obligated_entity": label("履约单位", "Obligated entity"),
    "authority": label("签发机构", "Issuing authority"),
    "registry": label("登记系统", "Registry"),
    "note": label("备注", "Note"),
    "project": label("项目", "Project"),
    "methodology": label("方法学", "Methodology"),
    "vintage": label("年份", "Vintage"),
    "serials": label("编号区间（含两端）", "Serial range, inclusive"),
    "tonnes": label("数量", "tCO2e"),
    "total": label("合计", "Total"),
    "event": label("活动名称", "Event"),
    "organiser": label("主办方", "Organiser"),
    "place": label("地点", "Place"),
    "period": label("时间", "Held"),
    "participants": label("规模（人）", "Participants"),
    "boundary": label("核算边界", "Boundary"),
    "emissions": label("排放总量", "Total emissions"),
    "offset": label("抵销数量", "Offset"),
    "completed_on": label("完成日期", "Completed on"),
    "due_on": label("应完成日期", "Due by"),
    "confirmation": label("确认方式", "Confirmation"),
    "declared": label("声明方", "Declared by"),
    "conclusion": label("结论", "Conclusion"),
    "source": label("排放源", "Source"),
    "activity": label("活动水平", "Activity"),
    "factor": label("排放因子", "Factor"),
    "factor_source": label("因子来源", "Factor source"),
    "measure": label("措施", "Measure"),
    "effect": label("效果", "Effect"),
}
CONCLUSIONS = {
    "CONFORMING": label(
        "注销数量不少于排放总量，且在活动结束后一年内完成，该活动实现碳中和。",
        "The units retired cover the emissions and were retired within one year after the event:"
        " the event is carbon neutral.",
    ),
    "LATE_NOT_CONFORMING": label(
        "逾期，不符合要求：注销数量不少于排放总量，但未在活动结束后一年内完成。",
        "Late, not conforming: the units retired cover the emissions, but they were retired more"
        " than one year after the event.",
    ),
}
IRREVOCABLE = label(
    "上述减排量已从登记簿中永久注销，不可撤销，不得再次使用、转让或声明。",
    "These units have left the registry for ever. The retirement is irrevocable; they can never be"
    " used, transferred or claimed again.",
)
HOW_TO_VERIFY = label(
    "扫描二维码查验当前状态；二维码自带签名，离线亦可核对。本文件内附经签名的 JSON 原文。",
    "Scan the code for the current state; it carries its own signature and can be checked offline."
    " The signed JSON is attached to this file.",
)
SANDBOX = label("测试环境　不具效力", "SANDBOX — NOT VALID")

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def labels_for(document: Document, platform: Label) -> dict[str, Any]:
    """Return every word that the template prints besides the document itself."""
    retirement = document.retirement
    local = retirement.retired_at.astimezone(SHANGHAI)
    statement = document.statement
    return {
        "title": TITLE_RETIREMENT if statement is None else TITLE_NEUTRALITY,
        "platform": platform,
        "registry": label(document.registry.name, document.registry.name_en),
        "sentence": sentence(document),
        "reason": REASONS[retirement.reason],
        "retired_at": label(
            f"{chinese_day(local.date())} {local:%H:%M:%S}",
            f"{english_day(local.date())}, {local:%H:%M:%S} (UTC+8, 北京时间)",
        ),
        "issued_on": label(chinese_day(local.date()), english_day(local.date())),
        "date": moment_parts(retirement.retired_at),
        "project_type": PROJECT_TYPES,
        "confirmation": CONFIRMATIONS["SELF_DECLARED"],
        "conclusion": CONCLUSIONS[statement.conformity] if statement else label("", ""),
        "heading": HEADINGS,
        "field": FIELDS,
        "irrevocable": IRREVOCABLE,
        "how_to_verify": HOW_TO_VERIFY,
        "sandbox": SANDBOX,
    }


def sentence(document: Document) -> Label:
    """Return what the certificate certifies, in one sentence."""
    day = legal_date(document.retirement.retired_at)
    purpose = PURPOSES[document.retirement.reason]
    words = {
        "year": document.retirement.compliance_year,
        "event": _event_name(document.statement),
    }
    holder, quantity = document.account_holder, f"{document.quantity_t:,}"
    for_whom = document.beneficiary != holder
    types = sorted({unit.unit_type for unit in document.units})
    return label(
        f"兹证明：{holder.name}（统一社会信用代码 {holder.code}）于{chinese_day(day)}"
        + (f"为{document.beneficiary.name}" if for_whom else "")
        + f"在登记簿中永久注销核证自愿减排量（{'、'.join(types)}）{quantity} 吨二氧化碳当量，"
        f"用于{purpose['zh'].format(**words)}。",
        f"This certifies that on {english_day(day)} {holder.name} ({holder.code}) permanently"
        f" retired {quantity} tonnes of CO2 equivalent of certified reductions"
        f" ({', '.join(types)})"
        + (f" on behalf of {document.beneficiary.name}" if for_whom else "")
        + f" for {purpose['en'].format(**words)}.",
    )


def _event_name(statement: Statement | None) -> str:
    return "" if statement is None else statement.name


def chinese_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def english_day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def moment_parts(moment: datetime) -> dict[str, int]:
    return {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
    }
