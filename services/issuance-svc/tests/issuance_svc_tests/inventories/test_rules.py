"""Tree lists, pure: what a plot comes to, and what is odd."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from issuance_svc.inventories.rules import Tree, remarks, stands
from issuance_svc.methodologies import allometry

FIRST, LAST = date(2021, 1, 1), date(2025, 12, 31)


def tree(tree_no="1", day=FIRST, **changes) -> Tree:
    return Tree(
        **{
            "row_no": 2,
            "plot_no": "P1",
            "stratum": "S1",
            "measured_on": day,
            "tree_no": tree_no,
            "species": "马尾松",
            "status": "live",
            "dbh_cm": Decimal(12),
            "height_m": Decimal(8),
            "agb_kg": None,
            "plot_area_m2": Decimal(600),
            "stratum_area_ha": Decimal(100),
            "trees_per_ha": Decimal(50) / 3,
        }
        | changes
    )


def codes(*trees: Tree) -> list[str]:
    return [remark.code for remark in remarks(trees)]


def test_a_stand_sums_each_tree_times_what_it_stands_for():
    found = stands([tree("1"), tree("2", dbh_cm=Decimal(8), trees_per_ha=Decimal(100))])
    assert len(found) == 1
    expected = allometry.diameter_term(Decimal(12)) * Decimal(
        50
    ) / 3 + 100 * allometry.diameter_term(Decimal(8))
    assert found[0].d73_per_ha is not None
    assert abs(found[0].d73_per_ha - expected) < Decimal("1e-20")
    assert (found[0].species, found[0].trees, found[0].basis) == ("马尾松", 2, "allometry")


def test_measured_biomass_is_summed_whatever_the_species():
    rows = [
        tree("1", agb_kg=Decimal(30), trees_per_ha=Decimal(100)),
        tree("2", agb_kg=Decimal(20), species="541", trees_per_ha=Decimal(100)),
        tree("3"),
    ]
    measured, by_allometry = stands(rows)
    assert (measured.basis, measured.agb_t_per_ha, measured.trees) == ("measured", Decimal(5), 2)
    assert (by_allometry.basis, by_allometry.trees) == ("allometry", 1)


def test_a_plot_without_living_trees_stays_with_nothing_on_it():
    gone = tree(day=LAST, status="removed", trees_per_ha=Decimal(0))
    bare = tree("-", plot_no="P2", status="empty", trees_per_ha=Decimal(0))
    before, after, empty = stands([tree(), gone, bare])
    assert before.trees == 1
    for found in (after, empty):
        assert (found.basis, found.trees) == ("measured", 0)
        assert found.agb_t_per_ha == Decimal(0)


def test_each_odd_row_has_its_name():
    assert codes(tree(), tree(day=LAST, dbh_cm=Decimal("11.9"))) == ["shrinks"]
    assert codes(tree(), tree(day=LAST, species="杉木")) == ["species-changes"]
    assert codes(tree(), tree(day=LAST, status="dead")) == ["dies"]
    assert codes(tree(), tree(day=LAST, status="removed")) == ["is-removed"]
    assert codes(tree(status="dead"), tree(day=LAST)) == ["returns"]
    assert codes(tree(height_m=None)) == ["height-missing"]
    assert codes(tree(dbh_cm=None, agb_kg=Decimal(0))) == ["diameter-missing"]
    assert codes(tree("1"), tree("2", day=LAST)) == ["not-found-again"]
    assert codes(tree(), tree(day=LAST, dbh_cm=Decimal("36.9"))) == []  # 24.9 cm in five years
    assert codes(tree(), tree(day=LAST, dbh_cm=Decimal("37.1"))) == ["grows-fast"]
    assert codes(tree(), tree(day=LAST)) == []


def test_a_dead_tree_is_not_missed_and_needs_no_height():
    standing = tree("1", status="dead", height_m=None)
    assert codes(standing, tree("2", day=LAST), tree("2")) == []


def test_both_remarks_of_one_row_are_kept():
    odd = tree(day=LAST, species="杉木", dbh_cm=Decimal(11), row_no=3)
    found = remarks([tree(), odd])
    assert [(remark.row_no, remark.code) for remark in found] == [
        (3, "shrinks"),
        (3, "species-changes"),
    ]
    assert "11" in found[0].text.en
    assert "杉木" in found[1].text.zh


sizes = st.decimals(Decimal("0.1"), Decimal(99), places=1)
lists = st.lists(
    st.tuples(sizes, st.sampled_from(["马尾松", "杉木"]), st.sampled_from([FIRST, LAST])),
    min_size=1,
    max_size=12,
)


@given(lists, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_rows_does_not_matter(rows, shuffle):
    trees = [
        tree(str(number), day, dbh_cm=dbh, species=species, row_no=number)
        for number, (dbh, species, day) in enumerate(rows)
    ]
    mixed = list(trees)
    shuffle.shuffle(mixed)
    assert stands(mixed) == stands(trees)
    assert remarks(mixed) == remarks(trees)
    counted = sum(found.trees for found in stands(trees))
    assert counted == len(trees)
