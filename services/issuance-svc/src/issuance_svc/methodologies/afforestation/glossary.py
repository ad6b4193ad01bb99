"""The words in which a calculation of afforestation is explained."""

from issuance_svc.methodologies.calculation import words
from issuance_svc.methodologies.methodology import Glossary

GLOSSARY = Glossary(
    symbols={
        "V": words("每公顷蓄积量", "Stem volume per hectare"),
        "B": words("每公顷地上生物量", "Aboveground biomass per hectare"),
        "S": words("胸径项之和 D^(7/3)", "Sum of the diameters' term D^(7/3)"),
        "A_h": words("层面积", "Area of the stratum"),
        "A": words("面积", "Area"),
        "SE": words("平均变化的标准误", "Standard error of the mean change"),
        "mean": words("每公顷平均变化", "Mean change per hectare"),
        "dC_BSL": words("基线碳储量变化", "Change without the project"),
        "dC_SHRUB": words("灌木碳储量变化", "Change of the shrub pool"),
        "GHG_E": words("火灾的非 CO2 排放", "Non-CO2 emissions of fires"),
        "LK": words("泄漏", "Leakage"),
        "g": words("每公顷每年的基线生长量", "Baseline growth per hectare and year"),
        "years": words("年数", "Years"),
        "eligible years": words("可申领年数", "Years that may be claimed"),
        "measured years": words("两次调查间年数", "Years between the inventories"),
        "loss": words("已由逆转承担的损失", "Loss that a reversal bears"),
        "share": words("分摊比例", "Share"),
        "cc_1": words("期初盖度", "Crown cover before"),
        "cc_2": words("期末盖度", "Crown cover after"),
    },
    origins=(
        (r"plot (\S+) on (\S+)", r"样地 \1，\2 调查"),
        (
            r"(\d+) trees of plot (\S+) on ([^,\s]+), (\S+) per ha",
            r"样地 \2，\3 调查的 \1 株，每公顷 \4 株",
        ),
        (r"reversal (\S+), fire", r"逆转 \1，火灾"),
        (r"reversal (\S+), felling", r"逆转 \1，采伐"),
        (r"reversal (\S+), disaster", r"逆转 \1，灾害"),
        (r"plot inventory|inventory", "样地调查"),
        (r"(sqrt\(.*|sum W_h .*)", r"按公式 \1"),
        (r"declared for the whole period: no source", "业主申报，整个监测期，未注明来源"),
        (r"declared for the whole period: (.*)", r"业主申报，整个监测期：\1"),
        (r"declared for the whole period", "业主申报，整个监测期"),
        (r"stable or declining \(5\)", "基线植被稳定或退化（5）"),
        (r"declared: no fire \(7\)", "业主声明未发生火灾（7）"),
        (r"declared: (\S+)", r"业主申报：\1"),
        (r"declared", "业主申报"),
        (r"none declared", "未申报"),
        (r"none \(6\)", "无（6）"),
        (r"model: (.*)", r"模型：\1"),
        (r"sum of the strata", "各层面积之和"),
        (r"eligible period", "可申领期间"),
        (r"eligible / claimed years", "可申领年数除以申报年数"),
    ),
)
