"""What other registries print: every row of the design notes, and parse(render(x)) = x for all."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance_svc.issuances.serials import FORMS, ForeignSerial, parse_foreign

PURO = "643002406555908610000000140219-643002406555908610000000140220"
UUID_RANGE = "40980b1a-cff7-4c78-9cc5-a3a2f18c7e0d_1000-1001"


def read(text: str) -> ForeignSerial:
    found = parse_foreign(text)
    assert found is not None, text
    return found


@pytest.mark.parametrize(
    ("text", "form", "quantity"),
    [
        ("9344-82392553-82392562-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1", "verra", 10),
        ("15312-681393912-681394011-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-0", "verra", 100),
        ("0001-000001-000100-VCS-VCU-003-VER-US-0003-01012020-31122020-1", "verra-unscoped", 100),
        (
            "9660-115597313-115618057-VCS-VCU-261-VER-US-14-1060-01012019-31122019-0",
            "verra",
            20_745,
        ),
        ("8040-449402275-449402275-VCU-042-MER-PE-14-1360-01072013-30062014-1", "verra-old", 1),
        ("GS1-1-KE-GS7495-16-2025-30645-608-30350", "gold-standard", 29_743),
        ("CAR-1-US-293-1-120-CA-2006-102-1 to 29251", "car", 29_251),
        ("ACR-US-192-2010-203-1-5000", "acr", 5_000),
        ("VU-ITMO-11-356-2022-0-27-35", "undp", 9),
        ("SN-AA-BB-12-1-100-2024", "undp-ncr", 100),
        ("C01-001-20200101-20210101-001", "regen", None),
        (PURO, "puro-1", 2),
        (UUID_RANGE, "puro-2", 2),
        ("A001-A010", "cad-trust", 10),
        ("10000003000-10000003099", "uk-ets", 100),
    ],
)
def test_each_registry_s_text_is_read_and_counted_with_both_ends(text, form, quantity):
    parsed = read(text)
    assert (parsed.form, parsed.quantity) == (form, quantity)
    assert parsed.render() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "849",
        "1-849",
        "CQ-CQCER-01-0007-2025-01-000000001-000000849",
        "9344-82392562-82392553-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1",  # end first
        "9344-0-10-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1",  # nothing is numbered 0
        "9344-1-10-VCS-VCU-262-VER-BR-14-1686-31022017-31122017-1",  # 31 February
        "9344-1-10-VCS-VCU-262-VER-BR-14-1686-31122017-01012017-1",  # years that run backwards
        "9344-001-0010-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1",  # filled up unevenly
        "SN-BLK-DEMO-D-NaN-NaN-undefined",
        "CAR-1-US-293-1-120-CA-2006-102-1-29251",
        "643002406555908610000000140219-643002406555908611000000140220",  # two types
        "A001-B010",
        "C01-001-20201301-20210101-001",
        "40980B1A-cff7-4c78-9cc5-a3a2f18c7e0d_1000-1001",
        "ACR-US-192-2010-203-1-5000\n",
        "ACR-US-192-2010-203-１-5000",
    ],
)
def test_what_no_registry_prints_is_not_guessed_at(text):
    assert parse_foreign(text) is None


def test_cosmetic_parts_do_not_make_another_batch():
    one = read("9344-82392553-82392562-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1")
    for text in (
        "9344-82392553-82392562-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-0",
        "9344-82392553-82392562-VCU-261-MER-BR-14-1686-01012017-31122017-1",
        "9344-082392553-082392562-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1",
    ):
        other = read(text)
        assert (other.series, other.start, other.end) == (one.series, one.start, one.end)
    later = read("9344-82392553-82392562-VCS-VCU-262-VER-BR-14-1686-01012018-31122018-1")
    assert later.series != one.series


def test_the_vintage_is_what_the_text_says():
    verra = read("8040-1-2-VCU-042-MER-PE-14-1360-01072013-30062014-1")
    assert verra.vintage == (date(2013, 7, 1), date(2014, 6, 30))
    assert read("ACR-US-192-2010-203-1-5000").vintage == (
        date(2010, 1, 1),
        date(2010, 12, 31),
    )
    assert read("A001-A010").vintage is None


def digits(low: int, high: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=low, max_size=high)


def letters(low: int, high: int | None = None) -> st.SearchStrategy[str]:
    return st.text("ABCXYZ", min_size=low, max_size=high or low)


DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 1))
HEX = "0123456789abcdef"
PARTS = {
    "batch": digits(3, 4),
    "number": digits(3, 3),
    "registry": letters(3),
    "country": letters(2),
    "scope": digits(2, 2),
    "project": digits(3, 5),
    "certification": digits(1, 1),
    "programme": digits(1, 1),
    "period": digits(1, 1),
    "type": digits(2, 3),
    "issuance": digits(3, 6),
    "site": digits(1, 2),
    "state": letters(2),
    "vintage": st.integers(1990, 2049).map(str),
    "credit": letters(2),
    "originator": letters(2),
    "first_transfer": letters(2),
    "class": st.builds("{}{}".format, letters(1), digits(2, 3)),
    "prefix": letters(1, 4),
}
SPECIAL = {
    ("gold-standard", "programme"): st.just("GS1"),
    ("gold-standard", "project"): digits(2, 5).map("GS{}".format),
    ("undp", "type"): st.just("ITMO"),
    ("puro-1", "type"): digits(18, 18),
    ("puro-2", "issuance"): st.uuids().map(str),
}
LIMITS = {"puro-1": (1, 10**12 - 1), "cad-trust": (1, 10**12 - 1), "uk-ets": (10**10, 10**18 - 1)}


@st.composite
def serials(draw) -> ForeignSerial:
    form = draw(st.sampled_from(FORMS))
    first = draw(DAYS)
    last = first + timedelta(days=draw(st.integers(0, 700)))
    parts = {}
    for name in form.pattern.groupindex:
        if name in {"start", "end"}:
            continue
        if name in {"vintage_start", "vintage_end"}:
            parts[name] = (first if name == "vintage_start" else last).strftime("%d%m%Y")
        elif name in {"first_day", "last_day"}:
            parts[name] = (first if name == "first_day" else last).strftime("%Y%m%d")
        else:
            parts[name] = draw(SPECIAL.get((form.name, name), PARTS[name]))
    start = end = None
    width = 0
    if "start" in form.pattern.groupindex:
        low, high = LIMITS.get(form.name, (1, 10**17))
        start, end = sorted([draw(st.integers(low, high)), draw(st.integers(low, high))])
        widest = {"puro-1": 12, "cad-trust": 12, "uk-ets": 0}.get(form.name, 18)
        padded = form.name == "puro-1" or (widest > 0 and draw(st.booleans()))
        if padded and len(str(start)) < (fill := max(len(str(end)), len(str(start)) + 1, 12)):
            width = fill if fill <= widest else 0
    return ForeignSerial(form.name, tuple(parts.items()), start, end, width)


@given(serials())
def test_parse_of_render_is_the_same_serial(serial):
    assert parse_foreign(serial.render()) == serial


@given(serials(), serials())
def test_equal_texts_are_equal_serials(one, other):
    assert (one.render() == other.render()) == (one == other)


def test_no_text_of_one_form_fits_another():
    texts = {
        "verra": "9344-1-10-VCS-VCU-262-VER-BR-14-1686-01012017-31122017-1",
        "verra-unscoped": "0001-1-100-VCS-VCU-003-VER-US-0003-01012020-31122020-1",
        "verra-old": "8040-1-1-VCU-042-MER-PE-14-1360-01072013-30062014-1",
        "gold-standard": "GS1-1-KE-GS7495-16-2025-30645-608-30350",
        "car": "CAR-1-US-293-1-120-CA-2006-102-1 to 29251",
        "acr": "ACR-US-192-2010-203-1-5000",
        "undp": "VU-ITMO-11-356-2022-0-27-35",
        "undp-ncr": "SN-AA-BB-12-1-100-2024",
        "regen": "C01-001-20200101-20210101-001",
        "puro-1": PURO,
        "puro-2": UUID_RANGE,
        "cad-trust": "A001-A010",
        "uk-ets": "10000003000-10000003099",
    }
    assert set(texts) == {form.name for form in FORMS}
    for name, text in texts.items():
        assert [form.name for form in FORMS if form.pattern.fullmatch(text)] == [name]


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), max_size=8))
def test_counting_is_inclusive(pairs):
    for start, end in (sorted(pair) for pair in pairs):
        parsed = read(f"CAR-1-US-293-1-120-CA-2006-102-{start} to {end}")
        assert (
            parsed.quantity
            == len(range(start, end + 1))
            == len(list(pairwise(range(start, end + 2))))
        )
