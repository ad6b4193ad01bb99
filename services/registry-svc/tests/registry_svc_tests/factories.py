"""What the tests of this service make: callers, organisations, projects. Nothing is shared."""

import math
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

import httpx

from registry_svc.organisations.rules import check_character, subject_check_character
from tht_kit.clock import FakeClock, legal_midnight
from tht_kit.ids import new_id
from tht_kit.testing.tokens import bearer

_numbers = count(1)
# The bureau that is there from the start: its officers register everybody else.
FOUNDER = "11500000MATHT0011T"
APPOINTED = {"bureau", "operator", "validator_verifier"}


def organisation_code() -> str:
    """Return a valid 统一社会信用代码 that no other test uses."""
    subject = f"MA{next(_numbers):06d}"
    body = f"91500000{subject}{subject_check_character(subject)}"
    return body + check_character(body)


def caller(*scopes: str, org: str | None = None, subject: str = "partner-1") -> dict[str, str]:
    """Return the headers of one fresh operation: a token and an idempotency key of its own."""
    token = bearer(subject, *scopes, organisation_code=org)
    return token | {"Idempotency-Key": str(new_id())}


def organisation(**changes: Any) -> dict[str, Any]:
    return {
        "organisation_code": organisation_code(),
        "name": "渝光分布式能源有限公司",
        "kinds": ["owner"],
    } | changes


OFFICER_SCOPES = ("organisations:write", "organisations:approve", "oversight:read")


def officer(org: str, subject: str = "officer-a", *scopes: str) -> dict[str, str]:
    """Return the headers of an officer's fresh operation: officer-a proposes, officer-b approves."""
    return caller(*OFFICER_SCOPES, *scopes, org=org, subject=subject)


def overseer() -> dict[str, str]:
    """Return the headers of one who reads drafts too."""
    return bearer("overseer", "oversight:read")


async def register_organisation(api: Any, *kinds: str) -> str:
    """Register an organisation of the kinds and return its code; a verifier can do every scope."""
    body = organisation(kinds=list(kinds))
    code = str(body["organisation_code"])
    if APPOINTED.isdisjoint(kinds):
        answer = await api.post("/v1/organisations", json=body, headers=officer(FOUNDER))
        assert answer.status_code == 201, answer.text
        return code
    await appoint(api, body)
    if "validator_verifier" in kinds:
        await qualify(api, code, bureau=FOUNDER)
    return code


async def appoint(api: Any, body: dict[str, Any]) -> None:
    """Have two officers give an organisation kinds that one alone cannot give."""
    answer = await api.post(
        "/v1/organisations/appointments",
        json=body | {"reason": "主管部门公告"},
        headers=officer(FOUNDER),
    )
    assert answer.status_code == 202, answer.text
    approved = await approve(api, answer.json()["task_id"], officer(FOUNDER, "officer-b"))
    assert approved.status_code == 200, approved.text


def competence(**changes: Any) -> dict[str, Any]:
    """What a validation and verification body shows that may do every scope."""
    return {
        "staff_full_time": 12,
        "staff_experienced": 6,
        "last_dishonesty_on": None,
        "accreditations": [
            {
                "certificate_no": f"CNAS-VV-{scope}",
                "scope_code": scope,
                "valid_from": "2023-10-20",
                "valid_until": "2031-12-31",
            }
            for scope in ("01", "07", "14")
        ],
        "evidence": "人员社保清单与认可证书",
    } | changes


async def qualify(api: Any, code: str, *, bureau: str, **changes: Any) -> None:
    """Have two officers record the competence of a validation and verification body."""
    answer = await api.put(
        f"/v1/organisations/{code}/competence",
        json=competence(**changes),
        headers=officer(bureau),
    )
    assert answer.status_code == 202, answer.text
    approved = await approve(api, answer.json()["task_id"], officer(bureau, "officer-b"))
    assert approved.status_code == 200, approved.text


async def approve(api: Any, task_id: str, headers: dict[str, str]) -> httpx.Response:
    answer: httpx.Response = await api.post(
        f"/v1/registry-tasks/{task_id}/approval", headers=headers
    )
    return answer


def pv_project(author: str, **changes: Any) -> dict[str, Any]:
    """A distributed PV project (分布式光伏) that meets every condition, on a roof of its own."""
    number = next(_numbers)
    return {
        "name": "两江新区屋顶分布式光伏",
        "unit_type": "CQCER",
        "methodology_code": "CQCM-901-V001",
        "pdd_author_code": author,
        "district_code": "500157",
        "construction_start": "2021-03-01",
        "operation_date": "2021-09-01",
        "crediting_start": "2022-01-01",
        "crediting_end": "2031-12-31",
        "meters": [f"CQ-M-{number:06d}"],
        "baseline_grid": "CC",
        "baseline_factor_year": 2019,
        "capacity_kw": "98.5",
        "latitude": f"{29 + number % 1000 * 0.001:.6f}",
        "longitude": f"{106.551557 + number // 1000 % 1000 * 0.001:.6f}",
    } | changes


def parcel(**changes: Any) -> dict[str, Any]:
    return {
        "parcel_no": f"JY-{next(_numbers):04d}",
        "area_m2": "642000.00",
        "land_use": "suitable_barren_land",
        "non_forest_since": "2010-01-01",
        "is_wetland": False,
    } | changes


def outline(area_m2: float = 642_000.0, **changes: Any) -> dict[str, Any]:
    """A rectangle of about the area, m², where no other test's lies; ~2 km apart in a grid."""
    number = next(_numbers)
    east, north = 105.5 + number % 200 * 0.02, 28.5 + number // 200 * 0.02
    high = math.sqrt(area_m2) / 110_850
    wide = math.sqrt(area_m2) / (111_415 * math.cos(math.radians(north + high / 2)))
    ring = [
        [east, north],
        [east + wide, north],
        [east + wide, north + high],
        [east, north + high],
        [east, north],
    ]
    return {"geometry": {"type": "Polygon", "coordinates": [ring]}, "crs": "EPSG:4490"} | changes


def drawn_parcel(**changes: Any) -> dict[str, Any]:
    """A parcel with an outline that agrees with its declared area."""
    made = parcel(**changes)
    return {"outline": outline(float(made["area_m2"]))} | made


def forest_project(author: str, **changes: Any) -> dict[str, Any]:
    """An afforestation project (造林碳汇) that meets every condition."""
    return {
        "name": "缙云山马尾松造林",
        "unit_type": "CQCER",
        "methodology_code": "CQCM-902-V001",
        "pdd_author_code": author,
        "district_code": "500109",
        "construction_start": "2021-03-12",
        "operation_date": "2021-03-12",
        "crediting_start": "2021-03-12",
        "crediting_end": "2051-03-11",
        "parcels": [drawn_parcel()],
        "species": "马尾松",
    } | changes


SECTIONS = {
    "legality": "批复与备案文件齐全。",
    "methodology_field": "属于方法学支持领域。",
    "methodology_choice": "方法学及其版本适用。",
    "real_unique_additional": "真实、唯一，并具有额外性。",
    "sustainable_development": "符合可持续发展要求。",
}


@dataclass
class Register:
    """The parties of one project and the steps they take, through the API."""

    api: httpx.AsyncClient
    clock: FakeClock
    owner: str
    author: str
    validator: str
    bureau: str

    @classmethod
    async def open(cls, api: httpx.AsyncClient, clock: FakeClock) -> "Register":
        return cls(
            api=api,
            clock=clock,
            owner=await register_organisation(api, "owner"),
            author=await register_organisation(api, "owner"),
            validator=await register_organisation(api, "validator_verifier"),
            bureau=await register_organisation(api, "bureau"),
        )

    async def file(self, body: dict[str, Any] | None = None) -> httpx.Response:
        body = body or pv_project(self.author)
        headers = caller("projects:write", org=self.owner)
        return await self.api.post("/v1/projects", json=body, headers=headers)

    async def draft(self, body: dict[str, Any] | None = None) -> str:
        answer = await self.file(body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["project_id"])

    async def notice(
        self, project_id: str, *, validator: str | None = None, org: str | None = None
    ) -> httpx.Response:
        return await self.api.post(
            f"/v1/projects/{project_id}/notice",
            json={"validator_code": validator or self.validator},
            headers=caller("projects:write", org=org or self.owner),
        )

    async def comment(self, project_id: str, text: str = "夜间是否有噪声？") -> httpx.Response:
        body = {"author_name": "附近居民", "text": text}
        return await self.api.post(f"/v1/projects/{project_id}/comments", json=body)

    async def validate(
        self, project_id: str, *, org: str | None = None, **changes: Any
    ) -> httpx.Response:
        body = {"conclusion": "positive", "sections": SECTIONS, "comment_answers": []}
        return await self.api.post(
            f"/v1/projects/{project_id}/validation",
            json=body | changes,
            headers=caller("projects:validate", org=org or self.validator),
        )

    async def propose(
        self,
        project_id: str,
        step: str,
        *,
        org: str | None = None,
        officer: str = "officer-a",
        **body: Any,
    ) -> httpx.Response:
        """Propose one of the bureau's steps as one officer."""
        usual = {
            "registration": {"decision": "register"},
            "deregistration": {"ground": "project_gone", "reason": "项目已拆除"},
        }
        body = usual.get(step, {"reason": "核查发现计量异常"}) | body
        return await self.api.post(
            f"/v1/projects/{project_id}/{step}",
            json=body,
            headers=caller("projects:register", org=org or self.bureau, subject=officer),
        )

    async def approve(
        self, task_id: str, *, org: str | None = None, officer: str = "officer-b"
    ) -> httpx.Response:
        return await self.api.post(
            f"/v1/registry-tasks/{task_id}/approval",
            headers=caller("projects:register", org=org or self.bureau, subject=officer),
        )

    async def reject(
        self, task_id: str, *, officer: str = "officer-b", **body: Any
    ) -> httpx.Response:
        return await self.api.post(
            f"/v1/registry-tasks/{task_id}/rejection",
            json={"comment": "依据不足"} | body,
            headers=caller("projects:register", org=self.bureau, subject=officer),
        )

    async def take(
        self, project_id: str, step: str, *, org: str | None = None, **body: Any
    ) -> httpx.Response:
        """Take one of the bureau's steps with two officers: the first refusal, or the project."""
        proposed = await self.propose(project_id, step, org=org, **body)
        if proposed.status_code != 202:
            return proposed
        approved = await self.approve(proposed.json()["task_id"], org=org)
        if approved.status_code != 200:
            return approved
        return await self.api.get(f"/v1/projects/{project_id}")

    async def decide(
        self, project_id: str, *, org: str | None = None, **body: Any
    ) -> httpx.Response:
        return await self.take(project_id, "registration", org=org, **body)

    async def recall(
        self, project_id: str, *, org: str | None = None, **changes: Any
    ) -> httpx.Response:
        return await self.api.post(
            f"/v1/projects/{project_id}/recall",
            json={"reason": "电表号填写有误"} | changes,
            headers=caller("projects:write", org=org or self.owner),
        )

    async def under_notice(self, body: dict[str, Any] | None = None) -> str:
        project_id = await self.draft(body)
        answer = await self.notice(project_id)
        assert answer.status_code == 200, answer.text
        return project_id

    def after_notice(self) -> None:
        """Move the clock past the end of a notice that starts on the tests' first day."""
        self.clock.set(legal_midnight(date(2026, 8, 14)))

    async def validated(self, body: dict[str, Any] | None = None) -> str:
        project_id = await self.under_notice(body)
        self.after_notice()
        answer = await self.validate(project_id)
        assert answer.status_code == 200, answer.text
        return project_id

    async def registered(self, body: dict[str, Any] | None = None) -> str:
        project_id = await self.validated(body)
        answer = await self.decide(project_id)
        assert answer.status_code == 200, answer.text
        return project_id
