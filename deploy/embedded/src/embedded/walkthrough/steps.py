"""The files one by one: counted, sent, computed, and what the platform said against them."""

from decimal import Decimal
from typing import Any

from embedded.demo import projects
from embedded.demo.client import Refused
from embedded.demo.readers import read_upload
from embedded.demo.run import VERIFIER, DemoImpossible
from embedded.demo.scenario import Reported
from embedded.demo.verification import comment_on_notice, settle_alarms
from embedded.walkthrough import facts, shown, tree
from embedded.walkthrough.plan import CONTRADICTORY, INCOMPLETE
from embedded.walkthrough.walk import Walk

INTERVALS, REGISTERS, TREES = "interval_readings", "register_readings", "tree_inventory"


async def register(walk: Walk) -> None:
    """Register organisations, projects and meters: what the files belong to."""
    reported = walk.plan.reported()
    await projects.register_organisations(walk)
    notices = [
        await projects.open_notice(walk, name, each.project) for name, each in reported.items()
    ]
    await walk.pass_notice(max(notices))
    for name, each in reported.items():
        await projects.validate_and_register(walk, name, each.project)
        await projects.record_meters(walk, name, each)


async def roof(walk: Walk) -> str:
    """From a power series to a report under notice; return the notice's last day."""
    reported = walk.plan.photovoltaic
    path = walk.data / reported.activity.file
    found = facts.power_facts(path, "", "ac_power_kw_1137")
    walk.say(f"{reported.activity.file}: {found.rows} rows, {found.first} to {found.last}")
    walk.say("odd: the heading of the time column is empty; times are American and name no zone")
    walk.say(
        f"odd: {found.columns_beside} further columns (inverter, weather): not read;"
        f" {found.zero} samples of zero (night, and hours in which the inverter was off)"
    )
    walk.say(
        f"none: empty samples {found.empty}, samples below zero {found.below_zero};"
        f" peak {found.peak_kw} kW"
    )
    walk.say(f"our own count: {found.kwh.normalize():f} kWh")
    upload = await _sent(walk, "photovoltaic", INTERVALS, path.read_bytes())
    shown.channels(walk, upload)
    body = _claim(walk, "photovoltaic", upload)
    draft = await _computed(walk, reported, body)
    walk.numbers["EF_CM"] = tree.value(draft["tree"], "EF_CM")
    return await _opened(walk, "photovoltaic", body, draft)


async def household(walk: Walk) -> None:
    """A month of export and import: a fraction of a tonne, reported and refused at the notice."""
    reported = walk.plan.household
    path = walk.data / reported.activity.file
    walk.say(f"{reported.activity.file}: records {facts.records(path)}")
    sums = ", ".join(f"{name} {kwh} kWh" for name, kwh in sorted(facts.nem12_kwh(path).items()))
    walk.say(f"our own count: {sums} (B fed in, E drawn)")
    walk.say("odd: at the market's own clock (+10:00) its days begin at 22:00 of Chongqing:")
    upload = await _sent(walk, "household", INTERVALS, path.read_bytes(), utc_offset=None)
    shown.channels(walk, upload)
    whole_days = {"period_end": "2023-03-30"}
    tried = await _draft(walk, reported, _claim(walk, "household", upload) | whole_days)
    walk.say(
        f"dry run of the 30 whole days: {tried['calculated']} tCO2e,"
        f" alarm {tried['flags'][0]['code']}: {tried['flags'][0]['en']}"
    )
    walk.say("its clock read as Chongqing's, noon stays noon:")
    upload = await _sent(walk, "household", INTERVALS, path.read_bytes())
    shown.channels(walk, upload)
    body = _claim(walk, "household", upload)
    draft = await _computed(walk, reported, body)
    report = await _post(walk, "/v1/reports", body, reported)
    walk.say(f"report: {report['status']}, {report['calculated_t']} t")
    notice = f"/v1/reports/{report['report_id']}/notice"
    verifier = {"verifier_code": walk.codes[VERIFIER]}
    await _must_refuse(walk, notice, reported, verifier, "nothing-to-issue")
    _end(walk, reported, draft, "0 serials")


async def substituted(walk: Walk) -> None:
    """One day of a consumer, parts of it substituted: stored with its qualities, nothing to claim."""
    reported = walk.plan.consumers
    path = walk.data / reported.activity.file
    walk.say(f"{reported.activity.file}: records {facts.records(path)}")
    upload = await _sent(walk, "consumers", INTERVALS, path.read_bytes())
    shown.channels(walk, upload)
    qualities = upload["summary"]["qualities_other_than_actual"]
    kinds = ", ".join(f"{code} {count}" for code, count in sorted(qualities.items()))
    walk.say(f"odd: intervals that were not measured but substituted, by quality: {kinds}")
    shown.what_it_would_be(walk, upload)
    body = _claim(walk, "consumers", upload)
    refused = await _must_refuse(
        walk, "/v1/calculations", reported, body, "activity-data-incomplete"
    )
    walk.ends[path.name] = (f"{shown.kwh(upload)} kWh drawn, none fed in; {refused}", "0 serials")


async def incomplete(walk: Walk) -> None:
    """A day without its values: refused by its line, nothing stored."""
    reported = walk.plan.consumers
    walk.say(f"{INCOMPLETE}: records {facts.records(walk.data / INCOMPLETE)}")
    content = (walk.data / INCOMPLETE).read_bytes()
    refused = await _must_refuse_file(walk, "consumers", INTERVALS, content, reported, "nem12")
    walk.ends[INCOMPLETE.name] = (refused, "0 serials")


async def contradictory(walk: Walk) -> None:
    """Two readings that contradict their quantity: refused; without that pair 111 kWh drawn."""
    reported = walk.plan.consumers
    content = (walk.data / CONTRADICTORY).read_bytes()
    walk.say(f"{CONTRADICTORY}: records {facts.records(walk.data / CONTRADICTORY)}")
    refused = await _must_refuse_file(walk, "consumers", REGISTERS, content, reported, "nem13")
    walk.say("the same file without that pair, as its provider would export it again:")
    rest = facts.without_pair(content, line=4)
    upload = await _sent(walk, "consumers", REGISTERS, rest, format="nem13")
    shown.channels(walk, upload)
    shown.what_it_would_be(walk, upload)
    days = {"period_start": "2004-01-08", "period_end": "2004-04-07"}
    body = _claim(walk, "consumers", upload) | days
    await _must_refuse(walk, "/v1/calculations", reported, body, "activity-data-incomplete")
    without = f"{shown.kwh(upload)} kWh drawn without the pair"
    walk.ends[CONTRADICTORY.name] = (f"{refused}; {without}", "0 serials")


async def forest(walk: Walk) -> None:
    """Trees of two dates: converted, every odd tree named, computed in full, refused twice."""
    reported = walk.plan.forest
    path = walk.data / reported.activity.file
    found = facts.forest_facts(path, path.parent / reported.activity.options["plots"])
    shown.forest(walk, found)
    content = read_upload(reported.activity, walk.data)
    upload = await _sent(walk, "forest", TREES, content)
    shown.conversion(walk, reported)
    summary = upload["summary"]
    walk.say(
        f"sent: {upload['rows']} rows, {summary['plots']} plots, {summary['visits']} visits,"
        f" {summary['first_day']} to {summary['last_day']}, {summary['area_ha']} ha declared;"
        f" {summary['rows_empty']} visits without a tree go up as empty"
    )
    await shown.remarks(walk, upload, reported)
    body = _claim(walk, "forest", upload)
    draft = await _computed(walk, reported, body)
    await _must_refuse(walk, "/v1/reports", reported, body, "period-not-eligible")
    gross = tree.short(draft["tree"]["operands"][0]["value"])
    reasons = ", ".join(refusal["type"] for refusal in draft["refusals"])
    walk.ends[path.name] = (f"{gross} tCO2e computed; {reasons}", "0 serials")


async def _sent(
    walk: Walk, name: str, kind: str, content: bytes, **given: str | None
) -> dict[str, Any]:
    """Send a file as it is and return the upload; options of the plan hold where none is given."""
    activity = walk.plan.reported()[name].activity
    options: dict[str, str | None] = {} if kind == TREES else dict(activity.options)
    if activity.format.startswith("nem"):
        options["format"] = activity.format
    options |= given
    said = {key: value for key, value in options.items() if value is not None}
    upload: dict[str, Any] = await walk.api.post(
        "/v1/uploads",
        partner=walk.plan.reported()[name].project.partner,
        params={"project_id": walk.ids[name], "kind": kind, **said},
        content=content,
        key=f"upload {walk.api.requests}",
        awaiting="project-not-registered",
    )
    return upload


def _claim(walk: Walk, name: str, upload: dict[str, Any]) -> dict[str, Any]:
    reported = walk.plan.reported()[name]
    return projects.report_body(walk.ids[name], reported, [upload["upload_id"]], None)


async def _post(walk: Walk, path: str, body: dict[str, Any], reported: Reported) -> dict[str, Any]:
    """Post as the project's owner; the same path with another body is another operation."""
    answer: dict[str, Any] = await walk.api.post(
        path, body, partner=reported.project.partner, key=f"{path} {walk.api.requests}"
    )
    return answer


async def _draft(walk: Walk, reported: Reported, body: dict[str, Any]) -> dict[str, Any]:
    return await _post(walk, "/v1/calculations", body, reported)


async def _computed(walk: Walk, reported: Reported, body: dict[str, Any]) -> dict[str, Any]:
    draft = await _draft(walk, reported, body)
    walk.say(
        f"calculation, {draft['methodology_code']} formula version {draft['formula_version']}:"
    )
    for line in tree.lines(draft["tree"], depth=1):
        walk.say(line)
    for flag in draft["flags"]:
        walk.say(f"alarm {flag['code']}: {flag['en']}")
    for refusal in draft["refusals"]:
        walk.say(f"refused, {refusal['type']}: {refusal['en']}")
    walk.say(f"may be issued: {draft['issuable_t']} t")
    return draft


def _end(walk: Walk, reported: Reported, draft: dict[str, Any], serials: str) -> None:
    """Keep how a file ended, and the fraction of a tonne that ends with it."""
    name = reported.activity.file.name
    calculated = Decimal(draft["calculated"]).normalize()
    walk.ends[name] = (f"{calculated:f} tCO2e", serials)
    walk.fractions[name] = calculated - draft["calculated_t"]


async def _opened(walk: Walk, name: str, body: dict[str, Any], draft: dict[str, Any]) -> str:
    reported = walk.plan.reported()[name]
    report = await _post(walk, "/v1/reports", body, reported)
    walk.ids[f"{name} report"] = report["report_id"]
    walk.numbers[f"{name}_calculated_t"] = report["calculated_t"]
    walk.say(f"report: {report['status']}, {report['calculated_t']} t")
    await settle_alarms(walk, 2, report, reported.project.name)
    notice = await walk.api.post(
        f"/v1/reports/{report['report_id']}/notice",
        {"verifier_code": walk.codes[VERIFIER]},
        partner=reported.project.partner,
        awaiting="organisation-unfit",
    )
    await comment_on_notice(walk, report["report_id"], reported.project.comment)
    _end(walk, reported, draft, "")
    return str(notice["notice_end"])


async def _must_refuse(
    walk: Walk, path: str, reported: Reported, body: dict[str, Any], expected: str
) -> str:
    """Post what the platform refuses, show its words and return the problem's type."""
    try:
        await _post(walk, path, body, reported)
    except Refused as refusal:
        if refusal.type != expected:
            raise
        words = f"{refusal.problem['detail']} {refusal.problem.get('fix', '')}".strip()
        walk.say(f"refused, {refusal.status} {refusal.type}: {words}")
        return refusal.type
    raise DemoImpossible(f"{path} took what it should refuse with {expected}")


async def _must_refuse_file(
    walk: Walk, name: str, kind: str, content: bytes, reported: Reported, format_name: str
) -> str:
    try:
        await _sent(walk, name, kind, content, format=format_name)
    except Refused as refusal:
        if refusal.type != "upload-rows-refused":
            raise
        walk.say(f"refused, {refusal.status} {refusal.type}:")
        for error in refusal.problem["errors"]:
            walk.say(f"  {error['pointer']}: {error['detail']}")
        await shown.refused_upload(walk, name, reported)
        return refusal.type
    raise DemoImpossible(f"a file of {reported.project.name} was taken that should be refused")
