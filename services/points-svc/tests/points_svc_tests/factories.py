"""What the tests of this service make, through its own API: callers, citizens, trips, rewards."""

import hashlib
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import httpx

from tht_contracts.events.registry import ProjectRegistered, ProjectStatusChanged
from tht_kit.clock import SHANGHAI
from tht_kit.ids import new_id
from tht_kit.testing.tokens import bearer

CITY_APP = "city-app"
MOBILITY = "bike-partner"
OPERATOR = "operator-admin"
OPERATOR_CODE = "91500000MATHT0038A"
PROJECT_ID = "project-1"
ALL_SCENARIOS = ("walk", "bike", "bus", "metro", "nev")

_numbers = count(1)


def caller(subject: str, *scopes: str, org: str | None = None) -> dict[str, str]:
    """Return the headers of one fresh operation: a token and an idempotency key of its own."""
    token = bearer(subject, *scopes, organisation_code=org)
    return token | {"Idempotency-Key": str(new_id())}


def identity() -> str:
    return hashlib.sha256(f"test person {next(_numbers)}".encode()).hexdigest()


def at(text: str) -> datetime:
    """Return a moment of Chongqing: `at("2026-07-10 08:00")`."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def trip(subject: str, scenario_id: str, start: datetime, /, **fields: Any) -> dict[str, Any]:
    """Return a trip item; `minutes` sets its end, all other fields go into it as they are."""
    minutes = fields.pop("minutes", None)
    item = {
        "event_id": f"e-{next(_numbers):08}",
        "scenario_id": scenario_id,
        "subject": subject,
        "start_time": start.isoformat(),
    }
    if minutes is not None:
        item["end_time"] = (start + timedelta(minutes=minutes)).isoformat()
    return item | fields


def bike(subject: str, start: datetime, metres: int, minutes: float = 15, **fields: Any):
    return trip(subject, "bike", start, minutes=minutes, distance_m=metres, **fields)


def bus(subject: str, start: datetime, **fields: Any):
    return trip(subject, "bus", start, **fields)


def metro(subject: str, start: datetime, metres: int, minutes: float = 30, **fields: Any):
    return trip(subject, "metro", start, minutes=minutes, distance_m=metres, **fields)


def steps(subject: str, start: datetime, number: int, minutes: float = 600, **fields: Any):
    return trip(subject, "walk", start, minutes=minutes, steps=number, **fields)


def travel_project(**changes: Any) -> ProjectRegistered:
    """Return what registry-svc tells of the operator's project of citizens' travel."""
    fields = {
        "project_id": PROJECT_ID,
        "project_no": 9,
        "name": "市民骑行",
        "unit_type": "CQCER",
        "project_type": "citizen_travel",
        "scope_code": "07",
        "methodology_code": "CQCM-903-V001",
        "owner_code": OPERATOR_CODE,
        "validator_code": "91500000MATHT0054L",
        "pdd_author_code": "91500000MATHT0118X",
        "district_code": "500103",
        "is_local": True,
        "construction_start": date(2021, 6, 1),
        "operation_date": date(2021, 6, 1),
        "crediting_start": date(2022, 1, 1),
        "crediting_end": date(2031, 12, 31),
        "meters": [],
        "parcels": [],
        "species": None,
        "baseline_grid": None,
        "baseline_factor_year": None,
        "registered_on": date(2021, 7, 1),
        "version": 4,
    }
    return ProjectRegistered(**fields | changes)


def project_status(status: str, *, version: int, before: str = "REGISTERED"):
    return ProjectStatusChanged(
        project_id=PROJECT_ID, status_before=before, status=status, reason=None, version=version
    )


class App:
    """The partners of the city, over HTTP. Answers are asserted to be successes, then decoded."""

    def __init__(self, api: httpx.AsyncClient, clock: Any) -> None:
        self.api = api
        self.clock = clock

    async def citizen(self, *, consent: tuple[str, ...] = ALL_SCENARIOS) -> str:
        """Open a fresh citizen's account with consents; return the city app's token."""
        headers = caller(CITY_APP, "citizens:write")
        answer = await self.api.post(
            "/v1/citizens", json={"identity_sha256": identity()}, headers=headers
        )
        assert answer.status_code == 201, answer.text
        subject = answer.json()["subject_token"]
        for scenario_id in consent:
            await self.consent(subject, scenario_id, "credit", "aggregation")
        return subject

    async def consent(self, subject: str, scenario_id: str, *purposes: str, **fields: Any):
        answer = await self.api.put(
            f"/v1/citizens/{subject}/consents/{scenario_id}",
            json={"purposes": list(purposes), **fields},
            headers=caller(CITY_APP, "citizens:write"),
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def linked(self, subject: str, partner_id: str = MOBILITY) -> str:
        """Return the token by which the mobility partner knows the citizen."""
        answer = await self.api.put(
            f"/v1/citizens/{subject}/partners/{partner_id}",
            headers=caller(CITY_APP, "citizens:write"),
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["subject_token"]

    async def rider(self, **options: Any) -> tuple[str, str]:
        """Return a fresh citizen as (the app's token, the mobility partner's token)."""
        subject = await self.citizen(**options)
        return subject, await self.linked(subject)

    async def send(
        self, *items: dict[str, Any], partner: str = MOBILITY, **headers: str
    ) -> dict[str, Any]:
        """Upload a batch and return the decoded answer."""
        answer = await self.api.post(
            "/v1/trips", json=list(items), headers=caller(partner, "trips:write") | headers
        )
        assert answer.status_code == 207, answer.text
        return answer.json()

    async def verdict(self, item: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Upload one item and return its verdict."""
        return (await self.send(item, **options))["items"][0]

    async def balance(self, subject: str) -> dict[str, Any]:
        answer = await self.api.get(
            f"/v1/citizens/{subject}", headers=caller(CITY_APP, "citizens:read")
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def trips(self, subject: str) -> list[dict[str, Any]]:
        answer = await self.api.get(
            f"/v1/citizens/{subject}/trips",
            params={"limit": 200},
            headers=caller(CITY_APP, "citizens:read"),
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def coupon(self, *, stock: int = 100, points_tenths: int = 200, **fields: Any) -> str:
        """Put the 2 CNY bus coupon on the shelf and return its id."""
        body = {
            "name": "公交乘车券 2 元",
            "kind": "coupon",
            "points_tenths": points_tenths,
            "face_fen": 200,
            "stock": stock,
        }
        answer = await self.api.post(
            "/v1/rewards", json=body | fields, headers=caller(OPERATOR, "rewards:write")
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["reward_id"]

    async def redeem(self, subject: str, reward_id: str, quantity: int = 1) -> httpx.Response:
        body = {"subject": subject, "reward_id": reward_id, "quantity": quantity}
        return await self.api.post(
            "/v1/redemptions", json=body, headers=caller(CITY_APP, "redemptions:write")
        )

    async def aggregate(
        self, start: str, end: str, *scenario_ids: str, project_id: str = PROJECT_ID
    ) -> httpx.Response:
        body = {
            "project_id": project_id,
            "scenario_ids": list(scenario_ids) or ["bike"],
            "period_start": start,
            "period_end": end,
        }
        headers = caller(OPERATOR, "aggregates:write", org=OPERATOR_CODE)
        return await self.api.post("/v1/aggregates", json=body, headers=headers)
