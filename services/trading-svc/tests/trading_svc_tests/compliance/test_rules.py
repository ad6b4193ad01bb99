from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_svc.compliance.rules import (
    CapBase,
    Rule,
    Scheme,
    UnitFacts,
    local_share_holds,
    max_offset_t,
    outside_room_t,
    total_refusals,
    unit_refusals,
)
from trading_svc.compliance.seed import FILE, read_rules


def rule(**changes) -> Rule:
    fields: dict[str, Any] = {
        "scheme": Scheme.LOCAL,
        "compliance_year": 2022,
        "unit_type": "CQCER",
        "cap_pct": 10,
        "cap_base": CapBase.SURRENDER_OBLIGATION,
        "min_local_pct": 60,
        "operation_after": date(2014, 6, 19),
        "sink_exempt_from_operation_date": False,
        "vintage_from": date(2016, 1, 1),
        "registered_after": None,
        "excluded_types": ("hydropower",),
        "capped_boundary_excluded": True,
    }
    return Rule(**fields | changes)


def unit(**changes) -> UnitFacts:
    fields: dict[str, Any] = {
        "unit_type": "CQCER",
        "project_type": "distributed_pv",
        "generated_from": date(2021, 1, 1),
        "operation_date": date(2020, 1, 1),
        "registered_on": date(2021, 6, 1),
        "owner_is_capped": False,
    }
    return UnitFacts(**fields | changes)


@pytest.mark.parametrize(
    ("base_t", "cap_pct", "expected"),
    [
        (100_000, 10, 10_000),
        (100_000, 5, 5_000),
        (123_457, 10, 12_345),
        (123_457, 5, 6_172),
        (99, 10, 9),
        (9, 10, 0),
        (0, 10, 0),
        (10**18 + 7, 5, (10**18 + 7) * 5 // 100),
    ],
)
def test_r22_the_cap_is_rounded_down(base_t, cap_pct, expected):
    assert max_offset_t(rule(cap_pct=cap_pct), base_t) == expected


@pytest.mark.parametrize(
    ("local_t", "outside_t", "holds"),
    [
        (5_000, 5_000, False),
        (5_000, 3_333, True),  # 60.0024 %
        (5_000, 3_334, False),  # 59.995 %
        (3, 2, True),
        (0, 1, False),
        (0, 0, True),
    ],
)
def test_r23_the_local_share_is_judged_in_whole_numbers(local_t, outside_t, holds):
    found = local_share_holds(rule(), local_t=local_t, total_t=local_t + outside_t)
    assert found is holds


@pytest.mark.parametrize(
    ("local_t", "total_t", "room_t"),
    [(5_000, 5_000, 3_333), (5_000, 8_333, 0), (0, 0, 0), (3, 3, 2)],
)
def test_the_room_for_units_from_outside_is_what_the_share_allows(local_t, total_t, room_t):
    assert outside_room_t(rule(), local_t=local_t, total_t=total_t) == room_t


def test_without_a_local_rule_the_room_is_not_limited():
    assert outside_room_t(rule(min_local_pct=None), local_t=0, total_t=5) is None
    assert outside_room_t(rule(min_local_pct=0), local_t=0, total_t=5) is None


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 100))
def test_the_room_is_exact(local_t, outside_t, pct):
    found = rule(min_local_pct=pct)
    total_t = local_t + outside_t
    room_t = outside_room_t(found, local_t=local_t, total_t=total_t)
    assert not local_share_holds(found, local_t=local_t, total_t=total_t + room_t + 1)
    if local_share_holds(found, local_t=local_t, total_t=total_t):
        assert local_share_holds(found, local_t=local_t, total_t=total_t + room_t)


@pytest.mark.parametrize(
    ("rule_changes", "unit_changes", "expected"),
    [
        ({}, {}, []),
        ({}, {"unit_type": "CCER"}, ["UNIT_TYPE"]),
        ({}, {"project_type": "hydropower"}, ["PROJECT_TYPE"]),
        ({}, {"generated_from": date(2015, 12, 31)}, ["VINTAGE"]),
        ({}, {"generated_from": date(2016, 1, 1)}, []),
        ({}, {"operation_date": date(2014, 6, 19)}, ["OPERATION_DATE"]),
        ({}, {"operation_date": date(2014, 6, 20)}, []),
        (
            {"sink_exempt_from_operation_date": True},
            {"operation_date": date(2000, 1, 1), "project_type": "afforestation"},
            [],
        ),
        (
            {"sink_exempt_from_operation_date": True},
            {"operation_date": date(2000, 1, 1)},
            ["OPERATION_DATE"],
        ),
        ({}, {"owner_is_capped": True}, ["CAPPED_BOUNDARY"]),
        ({"capped_boundary_excluded": False}, {"owner_is_capped": True}, []),
        # R27: registered on the day itself is too early.
        (
            {"registered_after": date(2024, 1, 22)},
            {"registered_on": date(2024, 1, 22)},
            ["REGISTRATION_DATE"],
        ),
        ({"registered_after": date(2024, 1, 22)}, {"registered_on": date(2024, 1, 23)}, []),
        # R24: an entity of the national ETS may not use local units.
        ({"scheme": Scheme.NATIONAL, "unit_type": "CCER"}, {}, ["UNIT_TYPE"]),
        # Every reason, not the first.
        (
            {},
            {
                "unit_type": "CCER",
                "project_type": "hydropower",
                "generated_from": date(2012, 1, 1),
                "operation_date": date(2010, 1, 1),
                "owner_is_capped": True,
            },
            ["UNIT_TYPE", "PROJECT_TYPE", "VINTAGE", "OPERATION_DATE", "CAPPED_BOUNDARY"],
        ),
    ],
)
def test_r25_every_reason_is_named(rule_changes, unit_changes, expected):
    found = unit_refusals(rule(**rule_changes), unit(**unit_changes))
    assert [reason for reason, _ in found] == expected


@pytest.mark.parametrize(
    ("used_t", "local_used_t", "quantity_t", "local_t", "expected"),
    [
        (0, 0, 10_000, 10_000, []),
        (0, 0, 10_001, 10_001, ["OFFSET_CAP"]),
        (9_999, 9_999, 1, 1, []),
        (10_000, 10_000, 1, 1, ["OFFSET_CAP"]),
        (5_000, 5_000, 3_333, 0, []),
        (5_000, 5_000, 3_334, 0, ["LOCAL_SHARE"]),
        (5_000, 5_000, 5_001, 0, ["OFFSET_CAP", "LOCAL_SHARE"]),
        # 3,333 from outside first is refused: the total after this commit counts.
        (0, 0, 3_333, 0, ["LOCAL_SHARE"]),
        (0, 0, 8_333, 5_000, []),
    ],
)
def test_cap_and_share_apply_to_the_years_total(
    used_t, local_used_t, quantity_t, local_t, expected
):
    found = total_refusals(
        rule(),
        max_t=10_000,
        used_t=used_t,
        local_used_t=local_used_t,
        quantity_t=quantity_t,
        local_t=local_t,
    )
    assert [reason for reason, _ in found] == expected


def test_the_seed_has_the_published_years_and_no_other():
    rows = read_rules(FILE.read_text(encoding="utf-8"))
    assert {(row["scheme"], row["compliance_year"]): row["cap_pct"] for row in rows} == {
        ("LOCAL", 2013): 8,
        ("LOCAL", 2014): 8,
        ("LOCAL", 2015): 8,
        ("LOCAL", 2021): 10,
        ("LOCAL", 2022): 10,
        ("LOCAL", 2023): 5,
        ("LOCAL", 2024): 5,
        ("NATIONAL", 2025): 5,
        ("NATIONAL", 2026): 5,
    }
    assert all(row["source"] and row["evidence_grade"] in {"V1", "V2", "M", "D"} for row in rows)


@pytest.mark.parametrize("line", ["    surprise: 1", ""])
def test_an_incomplete_or_unknown_seed_is_refused(line):
    content = f"local:\n  - years: [2030, 2030]\n    unit_type: CQCER\n    cap_pct: 5\n{line}\n"
    with pytest.raises(ValueError, match="local 2030"):
        read_rules(content)
