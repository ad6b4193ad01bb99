import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance_svc.issuances.errors import SerialInvalid
from issuance_svc.issuances.serials import NUMBER_MAX, SerialRange, parse, parse_number

EXAMPLE = "CQ-CQCER-14-0007-2024-01-000000001-000002519"

numbers = st.integers(1, NUMBER_MAX)


@st.composite
def ranges(draw):
    start, end = sorted((draw(numbers), draw(numbers)))
    return SerialRange(
        unit_type=draw(st.sampled_from(["CQCER", "CCER"])),
        scope_code=draw(st.from_regex(r"[0-9]{2}", fullmatch=True).filter(str.isascii)),
        project_no=draw(st.integers(1, 9999)),
        vintage=draw(st.integers(1000, 9999)),
        batch_no=draw(st.integers(1, 99)),
        start=start,
        end=end,
    )


def test_the_example_of_the_design():
    found = parse(EXAMPLE)
    assert found == SerialRange("CQCER", "14", 7, 2024, 1, 1, 2519)
    assert found.quantity_t == 2519
    assert found.render() == EXAMPLE


@given(ranges())
def test_parsing_what_was_rendered_gives_it_back(serial):
    assert parse(serial.render()) == serial
    assert serial.quantity_t == serial.end - serial.start + 1 >= 1


@given(st.text(alphabet="CQER-0123456789", max_size=50))
def test_whatever_parses_is_its_own_rendering(given_text):
    try:
        found = parse(given_text)
    except SerialInvalid:
        return
    assert found.render() == given_text


@pytest.mark.parametrize(
    "given_text",
    [
        "",
        EXAMPLE.lower(),
        EXAMPLE + "\n",
        " " + EXAMPLE,
        "CQ-CQCER-14-0007-2024-01-000002519-000000001",  # backwards
        "CQ-CQCER-14-0007-2024-01-000000000-000002519",  # numbers begin at one
        "CQ-CQCER-14-0000-2024-01-000000001-000002519",
        "CQ-CQCER-14-0007-2024-00-000000001-000002519",
        "CQ-CQCER-14-0007-2024-01-0000000001-000002519",  # a tenth digit that is a zero
        "CQ-CQCER-14-7-2024-01-000000001-000002519",
        "CQ-CQCER-14-0007-2024-01-1-2519",
        "CQ-CQCER-14-0007-2024-01-000000001-9999999999999999999",
        "CQ-CQCER-１4-0007-2024-01-000000001-000002519",  # a full-width digit
    ],
)
def test_other_texts_are_refused(given_text):
    with pytest.raises(SerialInvalid):
        parse(given_text)


def test_ten_digits_when_nine_are_used_up():
    serial = SerialRange("CQCER", "01", 1, 2025, 1, 999_999_999, 1_000_000_000)
    assert serial.render() == "CQ-CQCER-01-0001-2025-01-999999999-1000000000"
    assert parse(serial.render()) == serial


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [("1", 1), ("000000017", 17), ("0", None), ("-1", None), ("1.0", None), ("9" * 19, None)],
)
def test_a_number_on_the_line(given_text, expected):
    assert parse_number(given_text) == expected
