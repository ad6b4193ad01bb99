"""Step 1 and 2: from a declared project to issued serials."""

from decimal import Decimal
from typing import Any

from embedded.demo.client import Refused
from embedded.demo.readers import read_upload
from embedded.demo.run import BUREAU_A, BUREAU_B, VALIDATOR, VERIFIER, DemoImpossible, Journey, Run
from embedded.demo.scenario import Parcel, Project, Reported
from embedded.demo.verification import comment_on_notice, settle_alarms, verify

SECTIONS = {
    "legality": "项目合法合规，批复与备案文件齐全。",
    "methodology_field": "属于方法学支持领域。",
    "methodology_choice": "所选方法学及其版本适用。",
    "real_unique_additional": "项目真实、唯一，并具有额外性。",
    "sustainable_development": "符合可持续发展要求。",
}
# Made up, as the two bodies are: staff, and an accreditation for each kind of project here.
COMPETENCE = {
    "staff_full_time": 12,
    "staff_experienced": 6,
    "last_dishonesty_on": None,
    "accreditations": [
        {
            "certificate_no": f"DEMO-VV-{scope}",
            "scope_code": scope,
            "valid_from": "2020-01-01",
            "valid_until": "2035-12-31",
        }
        for scope in ("01", "07", "14")
    ],
    "evidence": "示例：人员社保清单与认可证书",
}


# One officer registers the others; who is one of these, two officers say.
APPOINTED = {"bureau", "operator", "validator_verifier"}


async def register_organisations(run: Journey) -> None:
    """Register the scenario's organisations; those that exist already are left as they are."""
    for organisation in run.organisations:
        body = {
            "organisation_code": organisation["code"],
            "name": organisation["name"],
            "kinds": organisation["kinds"],
        }
        key = f"organisation {organisation['code']}"
        try:
            if APPOINTED.isdisjoint(organisation["kinds"]):
                await run.api.post("/v1/organisations", body, partner=BUREAU_A, key=key)
            else:
                await _appoint(run, body, key)
        except Refused as refusal:
            if refusal.type not in ("organisation-exists", "organisation-appointment-not-needed"):
                raise
    await _record_competence(run)
    run.note(1, "单位登记 / organisations", f"{len(run.organisations)}", "/v1/organisations")


async def _appoint(run: Journey, body: dict[str, Any], key: str) -> None:
    proposed = await run.api.post(
        "/v1/organisations/appointments",
        {**body, "reason": "示例：主管部门公告"},
        partner=BUREAU_A,
        key=key,
    )
    await run.api.post(f"/v1/registry-tasks/{proposed['task_id']}/approval", partner=BUREAU_B)


async def _record_competence(run: Journey) -> None:
    """Have two officers record what the validator and the verifier can show (article 30)."""
    for partner in (VALIDATOR, VERIFIER):
        code = run.codes[partner]
        proposed = await run.api.put(
            f"/v1/organisations/{code}/competence", COMPETENCE, partner=BUREAU_A
        )
        await run.api.post(f"/v1/registry-tasks/{proposed['task_id']}/approval", partner=BUREAU_B)


def _declared(run: Journey, project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        "unit_type": "CQCER",
        "methodology_code": project.methodology_code,
        "pdd_author_code": run.codes["pdd-author"],
        "district_code": project.district_code,
        "construction_start": project.construction_start.isoformat(),
        "operation_date": project.operation_date.isoformat(),
        "crediting_start": project.crediting.start.isoformat(),
        "crediting_end": project.crediting.end.isoformat(),
        "meters": project.meters,
        "fleet_vehicles": project.fleet_vehicles,
        "parcels": [
            {
                "parcel_no": parcel.parcel_no,
                "area_m2": str(parcel.area_m2),
                "land_use": parcel.land_use,
                "non_forest_since": parcel.non_forest_since.isoformat(),
                "is_wetland": parcel.is_wetland,
                "outline": _outline(parcel),
            }
            for parcel in project.parcels
        ],
        "species": project.species,
        "baseline_grid": project.baseline_grid,
        "baseline_factor_year": project.baseline_factor_year,
        "capacity_kw": _text(project.capacity_kw),
        "pv_mode": project.pv_mode,
        "latitude": _text(project.latitude),
        "longitude": _text(project.longitude),
    }


def _outline(parcel: Parcel) -> dict[str, Any] | None:
    if not parcel.outline:
        return None
    return {
        "crs": "EPSG:4490",
        "geometry": {"type": "Polygon", "coordinates": [parcel.outline]},
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


async def open_notice(run: Journey, name: str, project: Project) -> str:
    """Declare the project and open its public notice; return the notice's last day."""
    try:
        declared = await run.api.post(
            "/v1/projects", _declared(run, project), partner=project.partner, key=f"project {name}"
        )
    except Refused as refusal:
        if refusal.type != "site-taken":
            raise
        raise DemoImpossible(
            f"{refusal}\n这个情景已在此平台运行过 / this scenario has run on this platform before:"
            " its meters and parcels are registered. Use another scenario, or a fresh DATA_DIR."
        ) from None
    project_id = declared["project_id"]
    run.ids[name] = project_id
    notice = await run.api.post(
        f"/v1/projects/{project_id}/notice",
        {"validator_code": run.codes[VALIDATOR]},
        partner=project.partner,
    )
    await run.api.post(
        f"/v1/projects/{project_id}/comments",
        {"author_name": "附近居民", "text": project.comment},
        partner=None,
    )
    return str(notice["notice_end"])


async def validate_and_register(run: Journey, name: str, project: Project) -> None:
    """Answer the public's comments in a positive validation, then register with four eyes."""
    project_id = run.ids[name]
    comments = await run.api.get(f"/v1/projects/{project_id}/comments")
    await run.api.post(
        f"/v1/projects/{project_id}/validation",
        {
            "conclusion": "positive",
            "sections": SECTIONS,
            "comment_answers": [
                {"comment_id": comment["comment_id"], "answer": project.answer}
                for comment in comments["items"]
            ],
        },
        partner=VALIDATOR,
    )
    proposed = await run.api.post(
        f"/v1/projects/{project_id}/registration", {"decision": "register"}, partner=BUREAU_A
    )
    await run.api.post(f"/v1/registry-tasks/{proposed['task_id']}/approval", partner=BUREAU_B)
    registered = await run.api.get(f"/v1/projects/{project_id}")
    number = f"{registered['project_no']:04}"
    run.note(
        1,
        f"项目登记 / {project.name}",
        f"{registered['status']} {number}",
        f"/v1/projects/{project_id}",
    )


async def report(
    run: Run, step: int, name: str, reported: Reported, *, aggregates: list[str] | None = None
) -> str | None:
    """Upload the activity data, have it quantified and open the report's notice.

    Returns the notice's last day, or None where the platform refused and the scenario expects it.
    """
    project_id, partner = run.ids[name], reported.project.partner
    uploads: list[str] = []
    await record_meters(run, name, reported)
    try:
        if aggregates is None:
            uploaded = await run.api.post(
                "/v1/uploads",
                partner=partner,
                params={"project_id": project_id, "kind": _kind(reported), **_options(reported)},
                content=read_upload(reported.activity, run.folder),
                key=f"upload {name}",
                awaiting="project-not-registered",
            )
            uploads = [uploaded["upload_id"]]
        created = await run.api.post(
            "/v1/reports",
            report_body(project_id, reported, uploads, aggregates),
            partner=partner,
            key=f"report {name}",
            awaiting="aggregate-not-found",
        )
    except Refused as refusal:
        if run.scenario.refusals_expected.get(name) != refusal.type:  # type: ignore[call-overload]
            raise
        run.refused[name] = str(refusal)
        run.note(step, f"{reported.project.name}: 拒绝 / refused", str(refusal))
        await _show_calculation(run, step, name, reported, uploads)
        return None
    run.ids[f"{name} report"] = created["report_id"]
    run.numbers[f"{name}_calculated_t"] = created["calculated_t"]
    run.note(
        step,
        f"核算 / quantified: {reported.project.name}",
        f"{created['calculated_t']} t",
        f"/v1/reports/{created['report_id']}/calculation",
    )
    if created["calculated_t"] == 0:
        run.note(
            step, f"{reported.project.name}", "不足一吨，不签发 / under a tonne: nothing to issue"
        )
        return None
    await settle_alarms(run, step, created, reported.project.name)
    notice = await run.api.post(
        f"/v1/reports/{created['report_id']}/notice",
        {"verifier_code": run.codes[VERIFIER]},
        partner=partner,
        awaiting="organisation-unfit",
    )
    await comment_on_notice(run, created["report_id"], reported.project.comment)
    return str(notice["notice_end"])


async def record_meters(run: Journey, name: str, reported: Reported) -> None:
    """Put the project's meters and their last calibration on record, where their files need it."""
    meter = reported.activity.meter
    for meter_no in reported.project.meters if meter else ():
        assert meter is not None, "asked above"
        place = {"project_id": run.ids[name], "meter_no": meter_no}
        facts = {
            "class_pct": str(meter.class_pct),
            "multiplier": str(meter.multiplier),
            "register_digits": meter.register_digits,
            "channels": meter.channels,
            "valid_from": reported.project.operation_date.isoformat(),
        }
        await run.api.post(
            "/v1/meters",
            place | facts,
            partner=reported.project.partner,
            key=f"meter {name} {meter_no}",
            awaiting="project-not-registered",
        )
        check = {
            "kind": "calibration",
            "performed_on": meter.calibrated_on.isoformat(),
            "error_pct": str(meter.error_pct),
        }
        await run.api.post(
            "/v1/meters/checks",
            place | check,
            partner=reported.project.partner,
            key=f"calibration {name} {meter_no}",
        )


def _options(reported: Reported) -> dict[str, str]:
    return reported.activity.options if reported.activity.format == "interval_readings" else {}


def report_body(
    project_id: str, reported: Reported, uploads: list[str], aggregates: list[str] | None
) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "period_start": reported.period.start.isoformat(),
        "period_end": reported.period.end.isoformat(),
        "upload_ids": uploads,
        "aggregate_ids": aggregates or [],
        "baseline_t": str(reported.baseline_t),
        "inventory_design": reported.inventory_design,
    }


async def _show_calculation(
    run: Run, step: int, name: str, reported: Reported, uploads: list[str]
) -> None:
    """Compute the refused report in full: what it would come to, and every reason against it."""
    body = report_body(run.ids[name], reported, uploads, None)
    draft = await run.api.post("/v1/calculations", body, partner=reported.project.partner)
    reasons = [refusal["type"] for refusal in draft["refusals"]]
    run.numbers[f"{name}_issuable_t"] = draft["issuable_t"]
    run.numbers[f"{name}_gross"] = draft["tree"]["operands"][0]["value"]
    run.numbers[f"{name}_refusals"] = reasons
    run.note(
        step,
        f"试算 / computed in full: {reported.project.name}",
        f"{draft['issuable_t']} t  {', '.join(reasons)}",
        "/v1/calculations",
    )


def _kind(reported: Reported) -> str:
    if reported.activity.format == "interval_readings":
        return "interval_readings"
    if reported.activity.format == "fia":
        return "tree_inventory"
    forestry = reported.project.methodology_code == "CQCM-902-V001"
    return "plot_inventory" if forestry else "meter_readings"


async def verify_and_issue(run: Journey, step: int, name: str, project: Project) -> None:
    """Verify by another body, then issue with four eyes: one officer asks, another approves."""
    report_id = run.ids[f"{name} report"]
    await verify(run, name, project.partner, project.answer)
    requested = await run.api.post(
        f"/v1/reports/{report_id}/issuance-request",
        {},
        partner=BUREAU_A,
        awaiting="organisation-unfit",
    )
    issued = await run.api.post(
        f"/v1/issuances/{requested['issuance_id']}/approval", {}, partner=BUREAU_B
    )
    run.ids[f"{name} issuance"] = issued["issuance_id"]
    for block in issued["blocks"]:
        run.issued_blocks.append({**block, "project_id": run.ids[name]})
        run.note(
            step,
            f"签发 / issued: {project.name} {block['vintage']}",
            f"{block['quantity_t']} t  {block['serial']}",
            f"/v1/issuances/{issued['issuance_id']}",
        )
