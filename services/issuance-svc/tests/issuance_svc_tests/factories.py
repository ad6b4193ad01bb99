"""What the tests of this service make: events from elsewhere, files, callers and their steps."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx

from tht_contracts.events.points import AggregateClosed
from tht_contracts.events.registry import (
    CalendarYearPublished,
    OrganisationRegistered,
    Parcel,
    ProjectRegistered,
)
from tht_kit.clock import FakeClock, legal_midnight
from tht_kit.ids import new_id
from tht_kit.testing.tokens import bearer
from tht_kit.working_days import seed_years

OWNER = "91500000MATHT0038A"
VALIDATOR = "91500000MATHT00540"
VERIFIER = "91500000MATHT0062R"
PDD_AUTHOR = "91500000MATHT0118X"
BUREAU = "11500000MATHT0011T"
OPERATOR = "91500000MATHT002XA"
# What a positive opinion has to state beside the quantity.
OPINION = {
    "statement": "经抽样核查，未发现实质性错报，减排量属实。",
    "criteria": "CQCM-901-V001",
    "scope": "项目边界内、报告时段的减排量",
    "assurance_level": "reasonable",
}

PV_ID = "0199a1b2-0000-7000-8000-000000000001"
FOREST_ID = "0199a1b2-0000-7000-8000-000000000002"
TRAVEL_ID = "0199a1b2-0000-7000-8000-000000000003"


def organisation(code: str, *kinds: str, **changes: Any) -> OrganisationRegistered:
    """An organisation as registry-svc tells of it."""
    return OrganisationRegistered(
        **{
            "organisation_code": code,
            "name": f"单位 {code}",
            "kinds": list(kinds),
            "status": "active",
            "version": 1,
        }
        | changes
    )


def parties() -> list[OrganisationRegistered]:
    """Everybody who takes part in these tests."""
    return [
        organisation(OWNER, "owner"),
        organisation(VALIDATOR, "validator_verifier"),
        organisation(VERIFIER, "validator_verifier"),
        organisation(PDD_AUTHOR, "owner"),
        organisation(BUREAU, "bureau"),
        organisation(OPERATOR, "operator", "owner"),
    ]


def pv_project(**changes: Any) -> ProjectRegistered:
    """A distributed PV project as registry-svc tells of it."""
    return ProjectRegistered(
        **{
            "project_id": PV_ID,
            "project_no": 7,
            "name": "两江新区屋顶光伏",
            "unit_type": "CQCER",
            "project_type": "distributed_pv",
            "scope_code": "01",
            "methodology_code": "CQCM-901-V001",
            "owner_code": OWNER,
            "validator_code": VALIDATOR,
            "pdd_author_code": PDD_AUTHOR,
            "district_code": "500112",
            "is_local": True,
            "construction_start": date(2021, 3, 1),
            "operation_date": date(2021, 9, 1),
            "crediting_start": date(2022, 1, 1),
            "crediting_end": date(2031, 12, 31),
            "meters": ["M1"],
            "parcels": [],
            "species": None,
            "baseline_grid": "CC",
            "baseline_factor_year": 2019,
            "registered_on": date(2025, 12, 1),
            "version": 4,
        }
        | changes
    )


def forest_project(**changes: Any) -> ProjectRegistered:
    """R16's project: 100 ha of 马尾松."""
    return pv_project(
        **{
            "project_id": FOREST_ID,
            "project_no": 8,
            "name": "缙云山马尾松造林",
            "project_type": "afforestation",
            "scope_code": "14",
            "methodology_code": "CQCM-902-V001",
            "crediting_start": date(2016, 2, 20),
            "crediting_end": date(2046, 2, 19),
            "meters": [],
            "parcels": [Parcel(parcel_no="JY-01", area_m2="1000000")],
            "species": "马尾松",
            "baseline_grid": None,
            "baseline_factor_year": None,
        }
        | changes
    )


def travel_project(**changes: Any) -> ProjectRegistered:
    return pv_project(
        **{
            "project_id": TRAVEL_ID,
            "project_no": 9,
            "name": "市民骑行",
            "project_type": "citizen_travel",
            "scope_code": "07",
            "methodology_code": "CQCM-903-V001",
            "owner_code": OPERATOR,
            "meters": [],
            "baseline_grid": None,
            "baseline_factor_year": None,
        }
        | changes
    )


def aggregate(**changes: Any) -> AggregateClosed:
    by_vintage_g = changes.pop("by_vintage_g", {"2025": 3_049_600})
    return AggregateClosed(
        **{
            "aggregate_id": str(new_id()),
            "project_id": TRAVEL_ID,
            "operator_code": OPERATOR,
            "period_start": date(2025, 1, 1),
            "period_end": date(2025, 12, 31),
            "trips": 10_000,
            "total_g": sum(by_vintage_g.values()),
            "by_vintage_g": by_vintage_g,
            "factor_versions": ["BJ-DB11T3043-2024"],
            "evidence_sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        }
        | changes
    )


def calendar_year(year: int, **changes: Any) -> CalendarYearPublished:
    known = seed_years([year])[year]
    return CalendarYearPublished(
        **{
            "year": year,
            "holidays": sorted(known.holidays),
            "makeup_workdays": sorted(known.makeup_workdays),
            "source": "国务院办公厅节假日安排",
            "version": 1,
        }
        | changes
    )


def meter_csv(
    *,
    export: str = "1200000",
    imported: str = "12000",
    year: int = 2025,
    months: int = 12,
    meter_no: str = "M1",
    calibration: str = "valid",
) -> str:
    """A year's registers: the whole amount in January, zero in the other months."""
    lines = ["meter_no,month,export_kwh,import_kwh,calibration,mpe_pct,error_pct"]
    lines.append(f"{meter_no},{year}-01,{export},{imported},{calibration},0.5,")
    lines += [f"{meter_no},{year}-{month:02},0,0,valid,0.5," for month in range(2, months + 1)]
    return "\n".join(lines) + "\n"


def plot_csv(
    before: str = "20",
    after: str = "45",
    *,
    column: str = "volume_m3_per_ha",
    area_ha: str = "100",
    days: tuple[str, str] = ("2021-01-01", "2025-12-31"),
    plots: int = 2,
) -> str:
    """Equal plots with two inventories: R16's numbers unless told otherwise."""
    lines = [f"plot_no,stratum,measured_on,plot_area_m2,stratum_area_ha,{column}"]
    for number in range(1, plots + 1):
        for day, value in zip(days, (before, after), strict=True):
            lines.append(f"P{number},S1,{day},600,{area_ha},{value}")
    return "\n".join(lines) + "\n"


def caller(*scopes: str, org: str | None = None, subject: str = "partner-1") -> dict[str, str]:
    """Return the headers of one fresh operation: a token and an idempotency key of its own."""
    token = bearer(subject, *scopes, organisation_code=org)
    return token | {"Idempotency-Key": str(new_id())}


def as_owner(org: str = OWNER) -> dict[str, str]:
    return caller("reports:write", org=org, subject=f"owner-{org}")


def as_verifier(org: str = VERIFIER) -> dict[str, str]:
    return caller("reports:verify", org=org, subject="verifier-1")


def as_officer(subject: str, org: str = BUREAU) -> dict[str, str]:
    return caller(
        "issuance:request",
        "issuance:approve",
        "oversight:read",
        "reviews:decide",
        org=org,
        subject=subject,
    )


@dataclass
class Desk:
    """The steps from a file to serials, each through the API."""

    api: httpx.AsyncClient
    clock: FakeClock

    async def upload(
        self,
        content: str | bytes,
        *,
        project_id: str = PV_ID,
        kind: str = "meter_readings",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        return await self.api.post(
            "/v1/uploads",
            params={"project_id": project_id, "kind": kind},
            content=content.encode() if isinstance(content, str) else content,
            headers={"Content-Type": "text/csv"} | (headers or as_owner()),
        )

    async def uploaded(self, content: str | bytes, **changes: Any) -> str:
        answer = await self.upload(content, **changes)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["upload_id"])

    async def report(self, *, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        given = {
            "project_id": PV_ID,
            "period_start": "2025-01-01",
            "period_end": "2025-12-31",
        } | body
        return await self.api.post("/v1/reports", json=given, headers=headers or as_owner())

    async def reported(self, content: str | None = None, **body: Any) -> dict[str, Any]:
        """Upload R13's year unless told otherwise, and report it."""
        if "upload_ids" not in body and "aggregate_ids" not in body:
            project_id = body.get("project_id", PV_ID)
            kind = "plot_inventory" if project_id == FOREST_ID else "meter_readings"
            body["upload_ids"] = [
                await self.uploaded(content or meter_csv(), project_id=project_id, kind=kind)
            ]
        answer = await self.report(**body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def revise(
        self, report_id: str, *, headers: dict[str, str] | None = None, **body: Any
    ) -> httpx.Response:
        given = {"period_start": "2025-01-01", "period_end": "2025-12-31"} | body
        return await self.api.post(
            f"/v1/reports/{report_id}/revisions", json=given, headers=headers or as_owner()
        )

    async def notice(
        self, report_id: str, *, verifier: str = VERIFIER, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        body = {"verifier_code": verifier}
        return await self.api.post(
            f"/v1/reports/{report_id}/notice", json=body, headers=headers or as_owner()
        )

    async def verification(
        self,
        report_id: str,
        verified_t: int,
        *,
        opinion: str = "positive",
        headers: dict[str, str] | None = None,
        sampled: bool = True,
        **more: Any,
    ) -> httpx.Response:
        """Give an opinion; what it takes for a positive one is looked at first, if it may be."""
        if opinion == "positive" and sampled:
            await self.sample(report_id, headers=headers)
        body = {"opinion": opinion, "verified_t": verified_t} | OPINION | more
        return await self.api.post(
            f"/v1/reports/{report_id}/verification", json=body, headers=headers or as_verifier()
        )

    async def sample(self, report_id: str, *, headers: dict[str, str] | None = None) -> None:
        """Put one record into the sampling plan and find it in order; refusals are left alone."""
        path = f"/v1/reports/{report_id}/sampling-plan"
        item = {"subject": "record", "label": "结算单", "method": "与读数逐月核对"}
        found = {"result": "conforms", "note": "一致"}
        for where, body in ((path, {"items": [item]}), (f"{path}/1/records", found)):
            token = (headers or as_verifier()) | {"Idempotency-Key": str(new_id())}
            await self.api.post(where, json=body, headers=token)

    async def ask(
        self, report_id: str, *, by: str = "officer-a", org: str = BUREAU
    ) -> httpx.Response:
        path = f"/v1/reports/{report_id}/issuance-request"
        return await self.api.post(path, json={}, headers=as_officer(by, org))

    async def approve(
        self, issuance_id: str, *, by: str = "officer-b", org: str = BUREAU
    ) -> httpx.Response:
        path = f"/v1/issuances/{issuance_id}/approval"
        return await self.api.post(path, json={}, headers=as_officer(by, org))

    async def reject(
        self,
        issuance_id: str,
        *,
        by: str = "officer-b",
        org: str = BUREAU,
        comment: str = "附件缺页",
    ) -> httpx.Response:
        path = f"/v1/issuances/{issuance_id}/rejection"
        return await self.api.post(path, json={"comment": comment}, headers=as_officer(by, org))

    async def recall(
        self, report_id: str, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        path = f"/v1/reports/{report_id}/recall"
        return await self.api.post(path, json={}, headers=headers or as_owner())

    def pass_notice(self, notice: dict[str, Any]) -> None:
        """Move the clock to the day after the notice's last."""
        end = date.fromisoformat(notice["notice_end"])
        self.clock.set(legal_midnight(end + timedelta(days=1)))

    async def verified(self, report: dict[str, Any], *, owner: str = OWNER) -> dict[str, Any]:
        notice = await self.notice(report["report_id"], headers=as_owner(owner))
        assert notice.status_code == 200, notice.text
        self.pass_notice(notice.json())
        answer = await self.verification(report["report_id"], report["calculated_t"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def asked(self, report: dict[str, Any], *, owner: str = OWNER) -> str:
        """Bring a report to REGISTERED_ER and return the pending issuance."""
        await self.verified(report, owner=owner)
        answer = await self.ask(report["report_id"])
        assert answer.status_code == 201, answer.text
        return str(answer.json()["issuance_id"])

    async def issued(self, report: dict[str, Any], *, owner: str = OWNER) -> dict[str, Any]:
        answer = await self.approve(await self.asked(report, owner=owner))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def problem(answer: httpx.Response) -> str:
    """Return the type of a refusal."""
    return str(answer.json()["type"]).removeprefix("/problems/")
