"""How a calculation is shortened: no digit is rounded up, nothing left out goes uncounted."""

from decimal import Decimal

import pytest

from embedded.walkthrough import facts, tree


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("2.6444819800250", "2.644481..."),
        ("0.9999999999", "0.999999..."),
        ("-0.9999999999", "-0.999999..."),
        ("3.6966374", "3.6966374"),
        ("0.318434000000", "0.318434"),
        ("1000", "1000"),
        ("0", "0"),
    ],
)
def test_a_number_is_cut_and_never_rounded(number, shown):
    assert tree.short(number) == shown


def given(symbol):
    return {"type": "given", "symbol": symbol, "value": "1", "unit": "1", "origin": "declared"}


def step(symbol, *operands):
    return {
        "type": "step", "symbol": symbol, "value": "2", "unit": "t", "formula": "a + b",
        "operands": list(operands),
    }  # fmt: skip


def test_of_many_steps_alike_the_first_is_shown_and_the_others_counted():
    root = step("sum", given("A"), *(step(f"dc[{n}]") for n in range(9)), given("Z"))
    assert list(tree.lines(root)) == [
        "sum = 2 t   a + b",
        "  A = 1   declared",
        "  dc[0] = 2 t   a + b",
        "  Z = 1   declared",
        "  and 8 more like it",
    ]


def test_few_operands_are_all_shown():
    assert len(list(tree.lines(step("sum", *(step(str(n)) for n in range(4)))))) == 5


def test_a_value_is_found_wherever_it_stands():
    assert tree.value(step("Q", step("ER", given("EF"))), "EF") == Decimal(1)
    with pytest.raises(LookupError):
        tree.value(step("Q"), "EF")


def test_a_pair_of_readings_goes_with_its_details():
    file = b"100,NEM13\n250,A\n550,N\n250,B\n550,N\n900\n"
    assert facts.without_pair(file, line=4) == b"100,NEM13\n250,A\n550,N\n900\n"
    assert facts.without_pair(file, line=2) == b"100,NEM13\n250,B\n550,N\n900\n"
