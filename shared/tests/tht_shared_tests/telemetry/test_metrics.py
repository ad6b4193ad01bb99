import httpx
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import text

from tht_kit import telemetry
from tht_kit.db import Database
from tht_kit.telemetry import REGISTRY, TelemetryMiddleware, metrics_app


def requests_counted(service: str, route: str, status: str, method: str = "GET") -> float:
    labels = {"service": service, "method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("tht_http_request_seconds_count", labels) or 0.0


@pytest.fixture
def app():
    orders = APIRouter(prefix="/orders")

    @orders.get("/{order_id}")
    async def get_order(order_id: str):
        return order_id

    @orders.get("/{order_id}/broken")
    async def broken(order_id: str):
        raise RuntimeError(order_id)

    v1 = APIRouter(prefix="/v1")
    v1.include_router(orders)
    application = FastAPI()
    application.include_router(v1)
    application.mount("/metrics", metrics_app)
    return TelemetryMiddleware(application, service="law")


@pytest.fixture
async def client(app):
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://svc") as made:
        yield made


async def test_requests_are_counted_by_the_whole_route_template(client):
    before = requests_counted("law", "/v1/orders/{order_id}", "200")

    await client.get("/v1/orders/1")
    await client.get("/v1/orders/2")

    assert requests_counted("law", "/v1/orders/{order_id}", "200") == before + 2


async def test_a_failing_request_counts_as_500(client):
    before = requests_counted("law", "/v1/orders/{order_id}/broken", "500")

    await client.get("/v1/orders/1/broken")

    assert requests_counted("law", "/v1/orders/{order_id}/broken", "500") == before + 1


async def test_paths_and_methods_that_a_client_invents_do_not_make_new_series(client):
    await client.get("/wp-admin/1")
    await client.get("/wp-admin/2")
    await client.request("BREW", "/wp-admin/3")

    metrics = (await client.get("/metrics/")).text
    assert 'route="unmatched"' in metrics
    assert "wp-admin" not in metrics
    assert "BREW" not in metrics


async def test_metrics_are_served_in_the_text_format(client):
    telemetry.DEAD_LETTERS.labels("points-svc", "points.trips").inc(0)
    telemetry.OUTBOX_AGE_SECONDS.labels("points-svc").set(1.5)

    answer = await client.get("/metrics/")

    assert answer.headers["content-type"].startswith("text/plain")
    assert 'tht_dead_letters_total{group="points-svc",topic="points.trips"} 0.0' in answer.text
    assert 'tht_outbox_oldest_age_seconds{service="points-svc"} 1.5' in answer.text


async def test_the_wait_for_a_connection_is_measured(postgres_server):
    database = Database(postgres_server.admin_url, pool_size=1, application_name="pool-test")
    try:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
    finally:
        await database.dispose()

    count = REGISTRY.get_sample_value("tht_pool_wait_seconds_count", {"service": "pool-test"})
    assert count == 1
