"""The words in which a calculation of photovoltaics is explained."""

from issuance_svc.methodologies.calculation import words
from issuance_svc.methodologies.methodology import Glossary

GLOSSARY = Glossary(
    symbols={
        "export": words("上网电量", "Electricity fed into the grid"),
        "import": words("下网电量", "Electricity drawn from the grid"),
        "out": words("发出电量", "Electricity that went out"),
        "in": words("用入电量", "Electricity that came in"),
        "below": words("负值电量（自用）", "Electricity below zero"),
        "k": words("综合倍率", "Multiplier of the transformers"),
        "p": words("计量误差修正百分比", "Correction for the meter's error"),
    },
    origins=(
        (r"meter readings: (.*)", r"表计读数：\1"),
        (r"meters, (.*)", r"表计，\1"),
        (
            r"values below zero: own consumption, counted against the owner",
            "负值为自用电，按不利于业主计",
        ),
        (r"meter record: CT x PT, in the kWh below", "表计档案：CT×PT，已计入下列电量"),
        (r"calibration record \(R14\)", "校准记录（R14）"),
        (r"calibration: (.*) \(R14\)", r"校准：\1（R14）"),
    ),
)
