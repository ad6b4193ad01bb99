"""What can be wrong with the settlement of a debt."""

from tht_kit.errors import DomainError, Text


class DebtNotFound(DomainError):
    type = "debt-not-found"
    status = 404
    title = Text(zh="没有此逆转债务", en="No such debt of a reversal")
    detail = Text(
        zh="单位 {organisation_code} 没有逆转 {reversal_id} 的债务。",
        en="{organisation_code} owes nothing for a reversal {reversal_id}.",
    )
    fix = Text(
        zh="请核对编号：GET /v1/reversals；确认后几秒内即可补足。",
        en="Check the id: GET /v1/reversals. A debt can be settled seconds after it was confirmed.",
    )


class DebtSmaller(DomainError):
    """What is cancelled stays cancelled, so nobody cancels more than is owed by mistake."""

    type = "debt-smaller"
    status = 409
    title = Text(zh="超过所欠数量", en="More than is owed")
    detail = Text(
        zh="逆转 {reversal_id} 尚欠 {owed_t} t，不能以此名义注销 {quantity_t} t。",
        en="{owed_t} t are still owed for the reversal {reversal_id}: {quantity_t} t cannot be"
        " cancelled for it.",
    )
    fix = Text(zh="至多注销 {owed_t} t。", en="Cancel at most {owed_t} t.")


class ForceRefused(DomainError):
    """R10: only who falsified can be made to cancel; everybody else settles in their own time."""

    type = "forced-cancellation-refused"
    status = 409
    title = Text(zh="不能强制注销", en="This cannot be cancelled by force")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="强制注销仅用于弄虚作假的债务，由主管部门对已冻结的单位办理。",
        en="Force is for debts of falsification: a bureau cancels what is frozen for them.",
    )


class UnitTypeDiffers(DomainError):
    type = "replacement-type-differs"
    status = 409
    title = Text(zh="单位类型不符", en="The units are of another type")
    detail = Text(
        zh="该债务须以 {unit_type} 补足；所选单位中有 {given}。",
        en="The debt is settled with {unit_type}; among the chosen units are {given}.",
    )
    fix = Text(
        zh="请用 serials 指定 {unit_type} 编号。", en="Name serials of {unit_type} in `serials`."
    )
