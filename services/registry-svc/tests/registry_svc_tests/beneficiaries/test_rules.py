import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_svc.beneficiaries.rules import COUNTRIES, masked, normalise


def test_there_are_249_countries():
    assert len(COUNTRIES) == 249
    assert all(len(code) == 2 and code.isupper() for code in COUNTRIES)


@pytest.mark.parametrize(
    ("spellings", "other"),
    [
        (
            ["重庆（渝北）公司", "重庆(渝北)公司", "重庆 渝北 公司", " 重庆（渝北）公司 "],
            "重庆渝中公司",
        ),
        (["ＡＢＣ Carbon Ltd.", "ABC Carbon LTD", "abc-carbon ltd"], "ABC Carbon Inc"),
        (["Café Vert", "CAFÉ  VERT", "Cafe\u0301 Vert"], "Cafe Vert"),
        (["2026重庆马拉松", "２０２６ 重庆马拉松"], "2025重庆马拉松"),
        (["阿不都·热合曼", "阿不都热合曼", "阿不都•热合曼"], "阿不都热合"),
    ],
)
def test_spellings_of_one_name_are_one_name(spellings, other):
    assert len({normalise(name) for name in spellings}) == 1
    assert normalise(other) != normalise(spellings[0])


@pytest.mark.parametrize("name", ["！！", "—", "★"])
def test_a_name_of_signs_alone_is_not_every_other_one(name):
    assert normalise(name) != ""


@given(st.text(min_size=1))
def test_normalising_twice_changes_nothing(name):
    assert normalise(normalise(name)) == normalise(name)


@given(st.text(min_size=1), st.sampled_from([" ", "，", "-", "（", "."]))
def test_punctuation_around_a_name_changes_nothing(name, sign):
    if any(unicodedata.category(char)[0] in "LN" for char in unicodedata.normalize("NFKC", name)):
        assert normalise(f"{sign}{name}{sign}") == normalise(name)


def test_a_masked_name_shows_its_first_character_and_not_its_length():
    assert masked("张伟") == masked("张三丰")[0] + "**" == "张**"
