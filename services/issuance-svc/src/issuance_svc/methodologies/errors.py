"""Why a quantification is refused. Nothing is skipped in silence: what a methodology cannot count, it names."""

from tht_kit.errors import DomainError, Text


class MethodologyUnsupported(DomainError):
    type = "methodology-unsupported"
    status = 409
    title = Text(zh="方法学没有量化模块", en="No quantification module for the methodology")
    detail = Text(
        zh="本平台没有方法学 {methodology_code}（公式版本 {formula_version}）的量化模块。",
        en="There is no quantification module for {methodology_code} (formula version {formula_version}).",
    )
    fix = Text(
        zh="请运营方部署该方法学的量化模块后重试。",
        en="Ask the operator to deploy the methodology's module, then try again.",
    )


class FactorKindRefused(DomainError):
    """R13: an average factor never stands in for a baseline factor."""

    type = "factor-kind-refused"
    status = 409
    title = Text(zh="因子类型不符", en="Wrong kind of factor")
    detail = Text(
        zh="{symbol} 需要 {wanted} 类因子，给出的是 {given} 类（{factor_id}）。",
        en="{symbol} needs a factor of kind {wanted}; {factor_id} is of kind {given}.",
    )
    fix = Text(
        zh="使用规定类型的因子；基准线因子与平均因子不可互换。",
        en="Use a factor of the required kind; baseline and average factors never replace each other.",
    )


class ActivityNotApplicable(DomainError):
    type = "activity-not-applicable"
    status = 409
    title = Text(zh="活动数据与方法学不符", en="Data that the methodology does not use")
    detail = Text(
        zh="方法学 {methodology_code} 不使用：{what}。",
        en="{methodology_code} does not use: {what}.",
    )
    fix = Text(
        zh="去掉不适用的数据，或改用正确的项目。",
        en="Leave out what does not apply, or name the right project.",
    )


class ActivityIncomplete(DomainError):
    type = "activity-data-incomplete"
    status = 409
    title = Text(zh="活动数据不完整", en="Activity data are incomplete")
    detail = Text(zh="{reason}", en="{reason}")
    # What is missing may be a month, an interval or a plot: `cures` says what mends it.
    fix = Text(zh="{cure}", en="{cure}")

    def __init__(self, *, reason: Text, cure: Text | None = None) -> None:
        super().__init__(reason=reason, cure=cure or reason)


class ActivityContradicts(DomainError):
    type = "activity-data-contradict"
    status = 409
    title = Text(zh="活动数据互相矛盾", en="Activity data contradict each other")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="更正数据文件后重新上传，再提交报告。",
        en="Correct the file, upload it again and submit the report.",
    )


class SamplingRefused(DomainError):
    type = "sampling-refused"
    status = 409
    title = Text(zh="抽样精度不足", en="The sampling is not precise enough")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="增加固定样地（每层至少两块，90% 可靠性下相对误差不超过 30%）后重新提交。",
        en="Measure more permanent plots: at least two per stratum, relative error at 90 % of at most 30 %.",
    )


class ReviewRequired(DomainError):
    """R20: beyond a physical bound; a person must look before anything is counted."""

    type = "manual-review-required"
    status = 409
    title = Text(zh="须人工复核", en="Manual review required")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="请核对样地数据的单位与面积；数据无误的，联系主管部门复核。",
        en="Check units and areas of the plot data; if they are right, ask the bureau for a review.",
    )


class ReductionNegative(DomainError):
    """R20: a loss issues nothing."""

    type = "reduction-negative"
    status = 409
    title = Text(zh="本期结果为负，签发量为 0", en="The period is negative: 0 is issued")
    detail = Text(
        zh="本期计算结果为 {net_t} tCO2e，签发量为 0，未登记报告。",
        en="The period comes to {net_t} tCO2e: 0 is issued and no report is kept.",
    )
    fix = Text(
        zh="林业项目的损失须先按逆转规则处理，碳储量恢复后再报告；其他项目请核对数据。",
        en="A forest's loss falls under the reversal rule: report again once the stock has recovered."
        " For other projects check the data.",
    )


class FireNotQuantified(DomainError):
    type = "fire-not-quantified"
    status = 409
    title = Text(zh="发生火灾的监测期暂不能量化", en="A period with a fire cannot be quantified")
    detail = Text(
        zh="报告声明监测期内发生火灾，公式版本 {formula_version} 不计算火灾的非 CO2 排放。",
        en="A fire is declared; formula version {formula_version} does not compute its non-CO2 emissions.",
    )
    fix = Text(
        zh="将监测期分在火灾前后，或等待含火灾排放的公式版本。",
        en="End the period before the fire, or wait for a formula version with fire emissions.",
    )


class GreenCertificateClaimed(DomainError):
    """R7: one MWh is either green power with a certificate or a reduction, never both."""

    type = "meter-green-certificates"
    status = 409
    title = Text(zh="电量已申领绿证", en="The electricity carries green certificates")
    detail = Text(
        zh="以下表计的电量已申领绿证：{meters}，不得同时申领减排量（R7）。",
        en="The electricity of these meters carries green certificates: {meters}. It cannot be a"
        " reduction as well (R7).",
    )
    fix = Text(
        zh="放弃其中一项；如记录有误，请更正表计档案。",
        en="Give up one of the two; if the record is wrong, mend the meter's record.",
    )
