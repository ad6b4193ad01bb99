from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_svc.methodologies.errors import MethodologyCodeInvalid
from registry_svc.methodologies.rules import (
    Code,
    Member,
    Op,
    PanelDemands,
    Rule,
    Vote,
    check,
    panel_problems,
    parse_code,
    read_facts,
    rule_problems,
    tally,
)


def rule(op, value, field="capacity_kw"):
    return Rule(field=field, op=Op(op), value=value, zh="条件", en="the condition")


def holds(op, value, fact):
    return check([rule(op, value)], {"capacity_kw": fact}) == []


# codes


@pytest.mark.parametrize(
    ("text", "code", "series"),
    [
        ("CQCM-009-V001", Code("CQCM", None, 9, 1), "CQCM-009"),
        ("CQCM-999-V999", Code("CQCM", None, 999, 999), "CQCM-999"),
        ("CCER-14-001-V01", Code("CCER", 14, 1, 1), "CCER-14-001"),
        ("CCER-01-002-V12", Code("CCER", 1, 2, 12), "CCER-01-002"),
    ],
)
def test_a_code_is_read_and_written_alike(text, code, series):
    assert parse_code(text, pointer="/methodology_code") == code
    assert (str(code), code.series) == (text, series)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CQCM-9-V001",
        "CQCM-009-V01",
        "CQCM-009-V0001",
        "CQCM-009",
        "cqcm-009-v001",
        "CQCM-009-V001 ",
        "CQCM-009-V001\n",
        "CQCM-000-V001",
        "CQCM-009-V000",
        "CQCM-00９-V001",
        "CCER-14-001-V001",
        "CCER-1-001-V01",
        "CCER-14-001",
        "CCER-00-001-V01",
        "VCS-14-001-V01",
    ],
)
def test_what_is_no_code_is_refused(text):
    with pytest.raises(MethodologyCodeInvalid):
        parse_code(text, pointer="/methodology_code")


CODES = st.one_of(
    st.builds(Code, st.just("CQCM"), st.none(), st.integers(1, 999), st.integers(1, 999)),
    st.builds(Code, st.just("CCER"), st.integers(1, 99), st.integers(1, 999), st.integers(1, 99)),
)


@given(CODES)
def test_reading_what_was_written_gives_the_code(code):
    assert parse_code(str(code), pointer="/methodology_code") == code


@given(CODES, CODES)
def test_codes_of_one_series_are_in_the_order_of_their_versions(one, other):
    if one.series == other.series:
        assert (str(one) < str(other)) == (one.version < other.version)


# applicability


@pytest.mark.parametrize(
    ("op", "value", "yes", "no"),
    [
        ("eq", "500", Decimal("500.0"), Decimal("500.1")),
        ("eq", 2019, 2019, 2020),
        ("eq", "own_use", "own_use", "grid_connected"),
        ("eq", False, False, True),
        ("eq", "2021-09-01", date(2021, 9, 1), date(2021, 9, 2)),
        ("ne", "CCER", "CQCER", "CCER"),
        ("ne", True, False, True),
        ("in", ["CQCER", "CCER"], "CCER", "VCS"),
        ("in", ["2019", 2020], 2019, 2021),
        ("not_in", ["柑橘", "茶"], "马尾松", "茶"),
        ("ge", "20", Decimal(20), Decimal("19.999")),
        ("gt", "20", Decimal("20.001"), Decimal(20)),
        ("le", "20000", Decimal("20000.00"), Decimal("20000.01")),
        ("lt", 5, 4, 5),
        ("ge", "2012-11-09", date(2012, 11, 9), date(2012, 11, 8)),
        ("between", ["1", "20000"], Decimal(20000), Decimal("0.99")),
        ("between", ["2021-01-01", "2021-12-31"], date(2021, 12, 31), date(2022, 1, 1)),
        ("starts_with", "50", "500112", "510107"),
    ],
)
def test_each_operation_says_yes_and_no(op, value, yes, no):
    assert holds(op, value, yes)
    assert not holds(op, value, no)


@pytest.mark.parametrize(
    ("op", "value", "fact"),
    [
        ("eq", "1", True),  # a truth is no number
        ("eq", True, 1),
        ("ne", True, 1),
        ("ne", "5", True),
        ("eq", 5, "5"),
        ("ne", 5, "6"),
        ("ge", "5", "6"),  # a text has no order
        ("le", "5", None),
        ("ge", "2021-01-01", Decimal(7)),
        ("ge", "7", date(2021, 1, 1)),
        ("ge", "2021-01-01", datetime(2022, 1, 1)),
        ("lt", "5", 4.0),  # a binary float is no decimal
        ("ne", "5", 4.0),
        ("not_in", ["5"], 4.0),
        ("le", "NaN", Decimal(4)),
        ("le", "4", Decimal("NaN")),
        ("ne", "4", Decimal("NaN")),
        ("gt", "4", Decimal("Infinity")),
        ("in", ["4"], Decimal("sNaN")),
        ("starts_with", "5", 5),
        ("ne", "x", {}),
        ("ne", "x", []),
        ("not_in", ["x"], ()),
        ("ne", "x", ["a", None]),
        ("ne", "x", b"y"),
    ],
)
def test_what_cannot_be_compared_never_meets_a_rule(op, value, fact):
    assert not holds(op, value, fact)


def test_a_fact_that_is_not_known_is_a_problem_for_every_operation():
    rules = [
        rule(op, ["1", "2"] if op in ("in", "not_in", "between") else "1", field="species")
        for op in Op
    ]
    problems = check(rules, {"capacity_kw": Decimal(1)})
    assert [problem.pointer for problem in problems] == ["/species"] * len(Op)
    assert all("nothing is known of species" in problem.detail.en for problem in problems)


def test_every_member_of_a_list_must_meet_the_rule():
    rules = [rule("not_in", ["economic_forest"], field="land_use")]
    assert check(rules, {"land_use": ["barren", "cleared"]}) == []
    [problem] = check(rules, {"land_use": ["barren", "economic_forest", "cleared"]})
    assert problem.pointer == "/land_use/1"


def test_all_rules_are_reported_in_their_order():
    rules = [rule("gt", "5"), rule("lt", "3"), rule("eq", "own_use", field="pv_mode")]
    problems = check(rules, {"capacity_kw": Decimal(4), "pv_mode": "other", "more": 1})
    assert [problem.pointer for problem in problems] == ["/capacity_kw", "/capacity_kw", "/pv_mode"]
    assert "it is 4" in problems[0].detail.en


NUMBERS = st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=3)


@given(NUMBERS, NUMBERS)
def test_the_operations_agree_with_arithmetic_and_each_other(fact, bound):
    text = str(bound)
    assert holds("ge", text, fact) == (fact >= bound) == (not holds("lt", text, fact))
    assert holds("gt", text, fact) == (fact > bound) == (not holds("le", text, fact))
    assert holds("eq", text, fact) == (fact == bound) == (not holds("ne", text, fact))
    assert holds("in", [text, "5000"], fact) != holds("not_in", [text, "5000"], fact)
    low, high = sorted([bound, Decimal(7)])
    assert holds("between", [str(low), str(high)], fact) == (low <= fact <= high)


VALUES = st.one_of(st.booleans(), st.integers(), st.text(max_size=9), st.dates().map(str))
FACTS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.dates(),
    st.decimals(), st.lists(st.text(max_size=3), max_size=3), st.datetimes(),
)  # fmt: skip


@given(st.sampled_from(Op), st.one_of(VALUES, st.lists(VALUES, max_size=3)), FACTS)
def test_no_well_formed_rule_breaks_on_any_fact(op, value, fact):
    found = rule(op, value)
    if any(rule_problems([found])):
        return
    problems = check([found], {"capacity_kw": fact})
    # A rule and its opposite are never both met.
    opposite = {"eq": "ne", "in": "not_in", "ge": "lt", "gt": "le"}.get(op)
    if opposite is not None and not problems:
        other = check([rule(opposite, value)], {"capacity_kw": fact})
        assert other
    if fact is None or isinstance(fact, float):
        assert problems


@pytest.mark.parametrize(
    ("op", "value", "field"),
    [
        ("in", "CQCER", "unit_type"),
        ("in", [], "unit_type"),
        ("eq", ["CQCER"], "unit_type"),
        ("between", ["1"], "capacity_kw"),
        ("between", ["2", "1"], "capacity_kw"),
        ("between", ["1", "2", "3"], "capacity_kw"),
        ("between", ["1", "2021-01-01"], "capacity_kw"),
        ("between", ["a", "b"], "capacity_kw"),
        ("ge", "many", "capacity_kw"),
        ("ge", "Infinity", "capacity_kw"),
        ("le", True, "capacity_kw"),
        ("starts_with", 5, "district_code"),
        ("starts_with", "", "district_code"),
        ("eq", "1", "Capacity kW"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_when_it_is_written(op, value, field):
    assert any(rule_problems([rule(op, value, field=field)]))


def test_written_facts_are_read_as_numbers_and_days_where_a_rule_asks_for_an_order():
    rules = [rule("le", "20"), rule("starts_with", "50", field="district_code")]
    facts = read_facts(rules, {"capacity_kw": "7.5", "district_code": "500112"})
    assert facts == {"capacity_kw": Decimal("7.5"), "district_code": "500112"}


# panels


def member(name, vote="approve", **changes):
    return Member(
        **{
            "name": name,
            "organisation": "评估中心",
            "vote": Vote(vote),
            "has_conflict": vote == "recused",
            "conflict": "编制单位顾问" if vote == "recused" else None,
        }
        | changes
    )


def votes(*cast):
    return [member(f"专家{index}", vote) for index, vote in enumerate(cast)]


FIVE = PanelDemands(members_min=5, majority_of=2, majority_in=3)


@pytest.mark.parametrize(
    ("cast", "is_passed", "is_unanimous"),
    [
        (["approve"] * 5, True, True),
        (["approve"] * 4 + ["reject"], True, False),
        (["approve"] * 4 + ["abstain"], True, False),
        (["approve"] * 3 + ["reject"] * 2, False, False),  # 3 of 5 is under two thirds
        (["approve"] * 4 + ["reject"] * 2, True, False),  # exactly two thirds
        (["approve"] * 5 + ["recused"], True, True),
        (["abstain"] * 5, False, False),
    ],
)
def test_a_vote_carries_with_two_thirds_of_those_who_may_vote(cast, is_passed, is_unanimous):
    outcome = tally(votes(*cast), FIVE)
    assert (outcome.is_passed, outcome.is_unanimous) == (is_passed, is_unanimous)
    assert outcome.approve + outcome.reject + outcome.abstain == len(cast) - cast.count("recused")


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        (votes(*["approve"] * 5), []),
        (votes(*["approve"] * 4), ["/members"]),
        (votes(*["approve"] * 4, "recused"), ["/members"]),  # five, but one may not vote
        ([*votes(*["approve"] * 5), member("专家0")], ["/members/5"]),
        ([*votes(*["approve"] * 5), member("专家0", organisation="大学")], []),
        ([*votes(*["approve"] * 5), member("甲", has_conflict=True)], ["/members/5/vote", "/members/5/conflict"]),
        ([*votes(*["approve"] * 5), member("甲", "recused", has_conflict=False)], ["/members/5/vote"]),
        ([*votes(*["approve"] * 5), member("甲", "recused", conflict=None)], ["/members/5/conflict"]),
    ],
)  # fmt: skip
def test_a_panel_needs_five_experts_without_a_conflict(members, pointers):
    assert [problem.pointer for problem in panel_problems(members, FIVE)] == pointers
