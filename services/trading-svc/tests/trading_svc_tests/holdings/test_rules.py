from itertools import pairwise
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_svc.holdings.rules import (
    SerialText,
    Span,
    Take,
    carve,
    merged,
    overlap,
    plan,
    take_from_head,
    take_named,
)

ROOT = UUID(int=7)


def block_id(number: int) -> UUID:
    return uuid5(ROOT, str(number))


def ids():
    counter = iter(range(1000, 10_000))
    return lambda: block_id(next(counter))


spans = st.builds(
    lambda first, quantity: Span(first, first + quantity - 1),
    st.integers(1, 10**9),
    st.integers(1, 10_000),
)


@st.composite
def block_and_parts(draw):
    """A block and some disjoint, non-adjacent or adjacent parts of it."""
    block = draw(spans)
    cuts = sorted(draw(st.sets(st.integers(block.first, block.last), max_size=8)))
    parts = [Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    return block, parts


def test_a_quantity_counts_both_ends():
    # 1 to 29251 are 29,251 units, not 29,250.
    assert Span(1, 29_251).quantity_t == 29_251
    assert Span(27, 35).quantity_t == 9


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (-1, 5), (1, 2**63 - 1)])
def test_what_is_no_span_is_refused(first, last):
    with pytest.raises(ValueError, match="no span"):
        Span(first, last)


def test_r33_five_hundred_of_2519_leave_501_to_2519():
    block = Span(1, 2519)
    [take] = take_from_head([(block_id(1), block)], 500)
    planned = plan([take], ids())
    assert planned.moved == [Span(1, 500)]
    assert [kept.span for kept in planned.shrunk] == [Span(501, 2519)]
    assert planned.whole == []


def test_a_whole_block_keeps_its_row():
    planned = plan([Take(block_id(1), Span(1, 10), Span(1, 10))], ids())
    assert [take.span for take in planned.whole] == [Span(1, 10)]
    assert (planned.shrunk, planned.born) == ([], [])


@pytest.mark.parametrize(
    ("blocks", "quantity_t", "expected"),
    [
        ([Span(1, 100)], 100, [Span(1, 100)]),
        ([Span(1, 100)], 1, [Span(1, 1)]),
        ([Span(501, 600), Span(1, 100)], 150, [Span(501, 600), Span(1, 50)]),
        ([Span(1, 1), Span(3, 3), Span(5, 5)], 2, [Span(1, 1), Span(3, 3)]),
        ([Span(1, 10)], 11, [Span(1, 10)]),
        ([], 5, []),
    ],
)
def test_first_acquired_is_first_used_from_the_head(blocks, quantity_t, expected):
    given_blocks = [(block_id(i), span) for i, span in enumerate(blocks)]
    assert [take.span for take in take_from_head(given_blocks, quantity_t)] == expected


@pytest.mark.parametrize(
    ("block", "taken", "expected"),
    [
        (Span(1, 10), [], [(Span(1, 10), False)]),
        (Span(1, 10), [Span(1, 10)], [(Span(1, 10), True)]),
        (Span(1, 10), [Span(1, 3)], [(Span(1, 3), True), (Span(4, 10), False)]),
        (Span(1, 10), [Span(8, 10)], [(Span(1, 7), False), (Span(8, 10), True)]),
        (
            Span(1, 10),
            [Span(3, 4), Span(7, 7)],
            [
                (Span(1, 2), False),
                (Span(3, 4), True),
                (Span(5, 6), False),
                (Span(7, 7), True),
                (Span(8, 10), False),
            ],
        ),
        (
            Span(1, 10),
            [Span(3, 4), Span(5, 6)],
            [(Span(1, 2), False), (Span(3, 6), True), (Span(7, 10), False)],
        ),
    ],
)
def test_carving_keeps_every_number_once(block, taken, expected):
    assert carve(block, taken) == expected


def test_carving_outside_the_block_is_refused():
    with pytest.raises(ValueError, match="not inside"):
        carve(Span(1, 10), [Span(10, 11)])


@given(block_and_parts())
def test_carved_parts_are_the_block_exactly(case):
    block, taken = case
    parts = carve(block, taken)
    assert parts[0][0].first == block.first
    assert parts[-1][0].last == block.last
    for (one, _), (following, _) in pairwise(parts):
        assert following.first == one.last + 1
    assert sum(span.quantity_t for span, is_taken in parts if is_taken) == sum(
        span.quantity_t for span in merged(taken)
    )


@given(block_and_parts())
def test_a_plan_moves_what_was_taken_and_keeps_the_rest(case):
    block, taken = case
    takes = [Take(block_id(1), block, span) for span in merged(taken)]
    if not takes:
        return
    planned = plan(takes, ids())
    rows = [take.span for take in planned.whole + planned.shrunk]
    rows += [birth.span for birth in planned.born]
    assert merged(rows) == [block]
    assert sum(span.quantity_t for span in rows) == block.quantity_t
    assert merged(planned.moved) == merged(taken)


@given(st.lists(spans, max_size=6), st.integers(0, 50_000))
def test_taking_never_takes_more_than_asked_or_held(blocks, quantity_t):
    takes = take_from_head([(block_id(i), span) for i, span in enumerate(blocks)], quantity_t)
    held_t = sum(span.quantity_t for span in blocks)
    assert sum(take.span.quantity_t for take in takes) == min(quantity_t, held_t)
    assert all(take.block.holds(take.span) for take in takes)


def test_named_serials_are_taken_where_they_stand():
    blocks = [(block_id(1), Span(1, 100)), (block_id(2), Span(101, 200))]
    takes = take_named(blocks, [Span(90, 110), Span(5, 5)])
    assert [take.span for take in takes] == [Span(5, 5), Span(90, 100), Span(101, 110)]


def test_numbers_named_twice_are_found():
    assert overlap([Span(1, 5), Span(6, 9)]) is None
    assert overlap([Span(6, 9), Span(1, 6)]) == Span(6, 6)


def test_a_serial_prints_as_the_domain_says():
    printed = SerialText("CQCER", "14", 7, 2024, 1, Span(1, 2519))
    assert str(printed) == "CQ-CQCER-14-0007-2024-01-000000001-000002519"


@given(
    st.sampled_from(["CQCER", "CCER"]),
    st.integers(0, 99),
    st.integers(1, 9999),
    st.integers(1000, 9999),
    st.integers(1, 99),
    st.integers(1, 10**15),
    st.integers(0, 10**9),
)
def test_reading_what_was_printed_gives_the_same(unit, scope, project, vintage, batch, first, more):
    printed = SerialText(unit, f"{scope:02d}", project, vintage, batch, Span(first, first + more))
    assert SerialText.parse(str(printed)) == printed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CQ-CQCER-14-0007-2024-01-000000001",
        "CQ-CQCER-14-0007-2024-01-000002519-000000001",
        "CQ-CQCER-14-0007-2024-01-00000000١-000002519",
        "CQ-CQCER-14-0007-2024-01-NaN-undefined",
    ],
)
def test_a_broken_serial_is_refused(text):
    with pytest.raises(ValueError, match=r"no serial range|no span"):
        SerialText.parse(text)
