import copy
from typing import Any

import pytest

from gateway.reference.merge import merge, operations


def document(paths=None, schemas=None) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "paths": paths or {},
        "components": {"schemas": schemas or {}},
    }


def operation(operation_id, ref=None, scope=None, tag="t") -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ref}"} if ref else {}
    found = {
        "operationId": operation_id,
        "tags": [tag],
        "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
    }
    return found | ({"security": [{"client_credentials": [scope]}]} if scope else {})


REGISTRY = document(
    {
        "/v1/projects": {
            "get": operation("list_things", "Page", "projects:write", "项目 / Projects")
        },
        "/v1/listings": {"get": operation("not_mine", "Alien")},
        "/healthz": {"get": operation("healthz")},
    },
    {
        "Page": {"properties": {"items": {"items": {"$ref": "#/components/schemas/Row"}}}},
        "Row": {"properties": {"project_id": {"type": "string"}}},
        "Same": {"type": "string"},
        "Alien": {"type": "string"},
    },
)
TRADING = document(
    {"/v1/listings": {"get": operation("list_things", "Page", "orders:write", "挂牌 / Listings")}},
    {
        "Page": {"properties": {"items": {"items": {"$ref": "#/components/schemas/Row"}}}},
        "Row": {"properties": {"listing_id": {"$ref": "#/components/schemas/Same"}}},
        "Same": {"type": "string"},
    },
)


def refs(value) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(refs, value.values()))
    return set().union(*map(refs, value)) if isinstance(value, list) else set()


def test_each_service_gives_the_paths_that_are_routed_to_it():
    merged = merge({"registry": REGISTRY, "trading": TRADING})
    assert sorted(merged["paths"]) == ["/v1/listings", "/v1/projects"]
    assert merged["paths"]["/v1/listings"]["get"]["x-service"] == "trading"
    assert "Alien" not in str(merged["components"])


def test_names_that_mean_different_things_get_their_services_name():
    merged = merge({"registry": REGISTRY, "trading": TRADING})
    schemas = merged["components"]["schemas"]
    # Page is written alike in both, but its rows differ: it is another thing too.
    assert sorted(schemas) == ["RegistryPage", "RegistryRow", "Same", "TradingPage", "TradingRow"]
    answer = merged["paths"]["/v1/listings"]["get"]["responses"]["200"]
    assert refs(answer) == {"#/components/schemas/TradingPage"}
    assert refs(schemas["TradingPage"]) == {"#/components/schemas/TradingRow"}
    assert refs(schemas["TradingRow"]) == {"#/components/schemas/Same"}


def test_operation_ids_are_unique_and_scopes_are_collected():
    merged = merge({"registry": REGISTRY, "trading": TRADING})
    ids = [one["operationId"] for _, _, one in operations(merged)]
    assert sorted(ids) == ["registry_list_things", "trading_list_things"]
    flow = merged["components"]["securitySchemes"]["client_credentials"]["flows"]
    assert sorted(flow["clientCredentials"]["scopes"]) == ["orders:write", "projects:write"]
    assert [tag["name"] for tag in merged["tags"]] == ["项目 / Projects", "挂牌 / Listings"]


def test_the_result_does_not_depend_on_the_order_and_the_sources_are_untouched():
    before = copy.deepcopy((REGISTRY, TRADING))
    one = merge({"registry": REGISTRY, "trading": TRADING})
    two = merge({"trading": TRADING, "registry": REGISTRY})
    assert one == two
    assert list(one["paths"]) == list(two["paths"])
    assert before == (REGISTRY, TRADING)


def test_a_name_that_is_taken_even_after_renaming_is_an_error():
    taken = document(
        {"/v1/trips": {"get": operation("trips", "TradingRow")}}, {"TradingRow": {"type": "null"}}
    )
    with pytest.raises(ValueError, match="TradingRow"):
        merge({"registry": REGISTRY, "trading": TRADING, "points": taken})
