"""What the symbols of measured and declared numbers mean, for who reads a calculation."""

from issuance_svc.methodologies.calculation import Words


def _words(zh: str, en: str) -> Words:
    return Words(zh=zh, en=en)


SYMBOLS = {
    "export": _words("上网电量", "Electricity fed into the grid"),
    "import": _words("下网电量", "Electricity drawn from the grid"),
    "p": _words("计量误差修正百分比", "Correction for the meter's error"),
    "V": _words("每公顷蓄积量", "Stem volume per hectare"),
    "B": _words("每公顷地上生物量", "Aboveground biomass per hectare"),
    "S": _words("胸径项之和 D^(7/3)", "Sum of the diameters' term D^(7/3)"),
    "A_h": _words("层面积", "Area of the stratum"),
    "A": _words("面积", "Area"),
    "SE": _words("平均变化的标准误", "Standard error of the mean change"),
    "mean": _words("每公顷平均变化", "Mean change per hectare"),
    "dC_BSL": _words("基线碳储量变化", "Change without the project"),
    "dC_SHRUB": _words("灌木碳储量变化", "Change of the shrub pool"),
    "GHG_E": _words("火灾的非 CO2 排放", "Non-CO2 emissions of fires"),
    "LK": _words("泄漏", "Leakage"),
    "g": _words("每公顷每年的基线生长量", "Baseline growth per hectare and year"),
    "years": _words("年数", "Years"),
    "eligible years": _words("可申领年数", "Years that may be claimed"),
    "measured years": _words("两次调查间年数", "Years between the inventories"),
    "share": _words("分摊比例", "Share"),
    "cc_1": _words("期初盖度", "Crown cover before"),
    "cc_2": _words("期末盖度", "Crown cover after"),
    "ER": _words("当年减排量", "Reduction of the year"),
    "grams": _words("公众减排克数", "Citizens' grams"),
}
