"""R20's arithmetic: cover first, then buffer, then the owner, rounded up once; deficits regrow."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance_svc.buffer.rules import shares
from issuance_svc.reversals.rules import Growth, Loss, Standing, bear, ceil_tonnes, correct, regrow

# R16: 2,799.70 t gross, 2,519.73 issued, 279.97 kept back.
GROSS = Decimal("2799.6993")
KEPT = GROSS / 10
R16 = Standing(deducted=KEPT, deficit=Decimal(0), buffer_t=0, outstanding_t=2519)


def test_after_r16_a_loss_of_1000_t_costs_the_owner_721():
    assert bear(Decimal(1000), R16) == Loss(covered=KEPT, buffer_t=0, debt_t=721, deficit=KEPT)


@pytest.mark.parametrize(
    ("loss", "covered", "debt_t"),
    [
        ("0.000001", "0.000001", 0),
        ("279", "279", 0),
        ("279.96993", "279.96993", 0),
        ("279.969931", "279.96993", 1),
        ("280.96993", "279.96993", 1),
        ("280.969931", "279.96993", 2),
    ],
)
def test_a_loss_within_the_cover_costs_nothing_and_is_rounded_up_beyond(loss, covered, debt_t):
    borne = bear(Decimal(loss), R16)
    assert (borne.covered, borne.debt_t, borne.deficit) == (
        Decimal(covered),
        debt_t,
        Decimal(covered),
    )


def test_cover_that_was_eaten_covers_nothing_more():
    after = Standing(deducted=KEPT, deficit=KEPT, buffer_t=0, outstanding_t=1798)
    assert bear(Decimal(10), after) == Loss(Decimal(0), 0, 10, Decimal(0))


def test_the_buffer_is_cancelled_before_anybody_owes():
    before = Standing(Decimal(0), Decimal(0), buffer_t=280, outstanding_t=2799)
    assert bear(Decimal("100.1"), before) == Loss(Decimal(0), 101, 0, Decimal(0))
    assert bear(Decimal("999.2"), before) == Loss(Decimal(0), 280, 720, Decimal(0))


def test_nobody_owes_more_than_was_issued_and_the_rest_regrows():
    assert bear(Decimal(5000), R16) == Loss(
        covered=KEPT, buffer_t=0, debt_t=2519, deficit=Decimal(5000) - 2519
    )
    never = Standing(Decimal(0), Decimal(0), 0, 0)
    assert bear(Decimal("12.5"), never) == Loss(Decimal(0), 0, 0, Decimal("12.5"))


def test_a_correction_costs_an_equal_quantity_less_what_was_cancelled_before():
    assert correct(2519, R16) == Loss(Decimal(0), 0, 2519, Decimal(0))
    after = Standing(deducted=KEPT, deficit=KEPT, buffer_t=0, outstanding_t=1798)
    assert correct(2519, after).debt_t == 1798


def test_a_deficit_regrows_from_the_gross_growth():
    grown = regrow(2519, GROSS - KEPT, KEPT, KEPT)
    assert (grown.regrown, grown.issuable_t) == (KEPT, 2267)
    assert grown.deducted.quantize(Decimal("0.000001")) == Decimal("251.972937")
    assert regrow(2519, GROSS - KEPT, KEPT, Decimal(0)) == Growth(Decimal(0), KEPT, 2519)
    assert regrow(2519, GROSS - KEPT, KEPT, Decimal(10**6)).issuable_t == 0


amounts = st.decimals(0, 50_000, places=6)
losses = st.decimals("0.000001", 50_000, places=6)


@dataclass
class Forest:
    """A forest in exact numbers: what it gained is always what stands behind its credits."""

    stock: Decimal = Decimal(0)
    credits: Decimal = Decimal(0)
    deducted: Decimal = Decimal(0)
    deficit: Decimal = Decimal(0)
    buffer_t: int = 0
    outstanding_t: int = 0

    @property
    def standing(self) -> Standing:
        return Standing(self.deducted, self.deficit, self.buffer_t, self.outstanding_t)


@given(st.lists(st.one_of(st.tuples(st.just("grow"), amounts), st.tuples(st.just("lose"), losses))))
def test_whatever_happens_there_is_stock_behind_every_credit(steps):
    """Stock gained >= credits outstanding + cover: nothing is issued twice over a loss."""
    forest = Forest()
    for step, amount in steps:
        if step == "grow":
            kept = amount / 10
            verified_t = int(amount - kept)
            grown = regrow(verified_t, amount - kept, kept, forest.deficit)
            assert 0 <= grown.issuable_t <= verified_t
            assert 0 <= grown.regrown <= forest.deficit
            forest.stock += amount
            forest.deficit -= grown.regrown
            forest.deducted += grown.deducted
            forest.outstanding_t += grown.issuable_t
        else:
            borne = bear(amount, forest.standing)
            assert borne.covered <= forest.standing.cover
            assert borne.buffer_t + borne.debt_t <= forest.outstanding_t
            forest.stock -= amount
            forest.deficit += borne.deficit
            forest.outstanding_t -= borne.buffer_t + borne.debt_t
        behind = forest.outstanding_t + forest.deducted - forest.deficit
        assert forest.outstanding_t >= 0
        assert forest.stock - behind >= -Decimal("1e-20")


@given(losses)
def test_a_debt_is_less_than_a_tonne_above_what_is_not_covered(loss):
    borne = bear(loss, R16)
    rest = loss - borne.covered
    if borne.debt_t < R16.outstanding_t:
        assert rest <= borne.debt_t < rest + 1


def test_an_error_in_the_fiftieth_digit_costs_nobody_a_tonne():
    assert ceil_tonnes(Decimal("7.00000000000000000000000000000000000000000001")) == 7
    assert ceil_tonnes(Decimal("7.000000000001")) == 8


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=30), st.data())
def test_shares_add_up_and_no_share_exceeds_its_vintage(quantities, data):
    part_t = data.draw(st.integers(0, sum(quantities)))
    found = shares(quantities, part_t)
    assert sum(found) == part_t
    assert all(0 <= share <= whole for share, whole in zip(found, quantities, strict=True))


def test_r5_s_vintages_and_a_tenth_for_the_buffer():
    assert shares([503, 504, 504, 504, 504], 252) == [50, 50, 51, 50, 51]
    assert shares([0, 0], 0) == [0, 0]
