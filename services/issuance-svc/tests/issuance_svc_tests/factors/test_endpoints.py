from decimal import Decimal

import pytest
from sqlalchemy import text

from issuance_svc.factors.errors import FactorSeedChanged
from issuance_svc.factors.seeding import factor_rows, kind_rows
from issuance_svc.wiring import prepare

PATH = "/v1/factors"


async def every(api, **query):
    seen, cursor = [], ""
    while cursor is not None:
        page = (
            await api.get(
                PATH, params={"limit": 50} | query | ({"cursor": cursor} if cursor else {})
            )
        ).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    return seen


async def test_anyone_can_read_every_factor_with_grade_and_source(api):
    factors = await every(api)
    assert len(factors) == len(factor_rows())
    assert all(factor["source"] and factor["grade"] in ("V1", "V2", "M", "D") for factor in factors)
    ids = [factor["factor_id"] for factor in factors]
    assert ids == sorted(ids, key=str.encode)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"kind": "grid_average", "region": "CQ"}, {"2021": "0.4743", "2022": "0.5227", "2023": "0.5581"}),
        ({"kind": "grid_average", "region": "SW"}, {"2023": "0.2472"}),
        ({"kind": "grid_baseline_om", "region": "CC"}, {"2019": "0.8587"}),
        ({"kind": "grid_baseline_bm", "region": "CC", "year": 2019}, {"2019": "0.2854"}),
        ({"kind": "grid_baseline_om", "region": "SW"}, {}),
        ({"kind": "k_risk"}, {"None": "0.10"}),
    ],
)  # fmt: skip
async def test_factors_are_found_by_kind_region_and_year(api, query, expected):
    assert {str(found["year"]): found["value"] for found in await every(api, **query)} == expected


def test_every_value_is_read_as_text():
    values = {row["factor_id"]: row["value"] for row in factor_rows()}
    assert str(values["k_risk:v1"]) == "0.10"  # a float would have lost the zero
    assert str(values["species_wd:马尾松:v1"]) == "0.380"
    assert all(isinstance(value, Decimal) for value in values.values())
    assert len(values) == len(factor_rows())


async def test_a_seed_that_contradicts_the_database_stops_the_start(container, database):
    async with database.write() as session:
        await session.execute(text("UPDATE factors SET value = 0.2 WHERE factor_id = 'k_risk:v1'"))
    with pytest.raises(FactorSeedChanged, match="k_risk:v1"):
        await prepare(container)


def test_every_seeded_factor_fits_its_kind():
    kinds = {row["kind"]: row for row in kind_rows()}
    for row in factor_rows():
        kind = kinds[row["kind"]]
        stated = [part for part in ("region", "subject", "year") if row[part] is not None]
        assert stated == [part for part in ("region", "subject", "year") if part in kind["parts"]]
        assert kind["unit"] in (None, row["unit"]), row["factor_id"]
        assert row["grade"] != "V3"
