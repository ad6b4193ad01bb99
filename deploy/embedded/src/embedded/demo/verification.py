"""The verification of a report: alarms reviewed, the public answered, findings closed, an opinion."""

from typing import Any

from embedded.demo.run import BUREAU_A, VERIFIER, Journey


async def settle_alarms(run: Journey, step: int, report: dict[str, Any], title: str) -> None:
    """Have the bureau look at each sanity alarm of a report; without it no notice begins."""
    for review in report["reviews"]:
        await run.api.post(
            f"/v1/reviews/{review['review_id']}/decision",
            {"decision": "accept", "comment": "已对照原始记录与现场照片核对，数据属实。"},
            partner=BUREAU_A,
            awaiting="organisation-unfit",
        )
        run.note(
            step,
            f"异常复核 / alarm reviewed: {title}",
            review["code"],
            f"/v1/reviews/{review['review_id']}",
        )


async def comment_on_notice(run: Journey, report_id: str, comment: str) -> None:
    """Let the public say something about a report under notice."""
    await run.api.post(
        f"/v1/reports/{report_id}/comments",
        {"author_name": "附近居民", "text": comment},
        partner=None,
    )


async def verify(run: Journey, name: str, partner: str, answer: str) -> None:
    """Carry the verifier's work out: a finding answered and closed, a sample, the opinion."""
    report_id = run.ids[f"{name} report"]
    await _close_a_finding(run, report_id, partner)
    await _look_at_a_sample(run, report_id)
    comments = await run.api.get(f"/v1/reports/{report_id}/comments")
    await run.api.post(
        f"/v1/reports/{report_id}/verification",
        {
            "opinion": "positive",
            "verified_t": run.numbers[f"{name}_calculated_t"],
            "statement": "经抽样核查，未发现实质性错报，减排量数据真实、准确。",
            "criteria": "项目方法学与核查指南",
            "scope": "项目边界内、报告时段的减排量",
            "assurance_level": "reasonable",
            "comment_answers": [
                {"comment_id": comment["comment_id"], "answer": answer}
                for comment in comments["items"]
            ],
        },
        partner=VERIFIER,
    )


async def _close_a_finding(run: Journey, report_id: str, partner: str) -> None:
    finding = await run.api.post(
        f"/v1/reports/{report_id}/findings",
        {"kind": "CL", "text": "请说明原始记录的保存方式。", "reference": "/tree/operands/0"},
        partner=VERIFIER,
    )
    path = f"/v1/reports/{report_id}/findings/{finding['finding_id']}"
    await run.api.post(
        f"{path}/answer", {"text": "原始记录已归档，按规定保存十年以上。"}, partner=partner
    )
    await run.api.post(f"{path}/acceptance", {"text": "说明充分，予以关闭。"}, partner=VERIFIER)


async def _look_at_a_sample(run: Journey, report_id: str) -> None:
    path = f"/v1/reports/{report_id}/sampling-plan"
    item = {"subject": "record", "label": "原始记录", "method": "抽取原始记录与所报数据核对"}
    await run.api.post(path, {"items": [item]}, partner=VERIFIER)
    await run.api.post(
        f"{path}/1/records", {"result": "conforms", "note": "与所报数据一致。"}, partner=VERIFIER
    )
