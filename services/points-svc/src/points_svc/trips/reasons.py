"""What the reason codes of verdicts mean, for people: one sentence each, in two languages."""

from dataclasses import asdict

from points_svc.trips.rules import RuleHit
from tht_kit.errors import Language, Text

REASONS: dict[str, Text] = {
    "MALFORMED": Text(zh="记录无法读取：{problem}", en="The item cannot be read: {problem}"),
    "SUBJECT_UNKNOWN": Text(
        zh="subject 不是发给本合作方的市民标识。",
        en="The subject is no token that was given to this partner.",
    ),
    "SCENARIO_UNKNOWN": Text(
        zh="没有这个场景，见 GET /v1/scenarios。",
        en="There is no such scenario, see GET /v1/scenarios.",
    ),
    "NO_CONSENT": Text(
        zh="市民未授权此场景；此记录以后也不会入账。",
        en="The citizen has not consented to the scenario; this trip will never be credited.",
    ),
    "TIMES_REVERSED": Text(zh="结束早于开始。", en="The end is before the start."),
    "TIMES_DISAGREE": Text(
        zh="duration_s 与起止时间相差超过 60 秒。",
        en="duration_s and the times differ by more than 60 seconds.",
    ),
    "LATE": Text(
        zh="结束于 {measured} 天前，受理期为 {limit} 天。",
        en="It ended {measured} days ago; trips are taken for {limit} days.",
    ),
    "FUTURE": Text(
        zh="时间在未来 {measured} 秒，容许误差 {limit} 秒。",
        en="It lies {measured} seconds ahead; {limit} are tolerated.",
    ),
    "OUTSIDE_APPROVAL": Text(
        zh="不在场景的准入范围内（{limit}，或不是获准的运营方），已隔离待查。",
        en="Outside the scenario's approval ({limit}, or another operator): quarantined.",
    ),
    "FACTOR_MISSING": Text(
        zh="{measured} 没有有效的因子版本，已隔离，不以其他年份代替。",
        en="No factor is in force on {measured}: quarantined, never computed with another.",
    ),
    "END_TIME_MISSING": Text(zh="缺少结束时间或时长。", en="It has no end time or duration."),
    "DISTANCE_MISSING": Text(
        zh="缺少里程，也没有起终点坐标。", en="It has no distance, nor two positions."
    ),
    "DISTANCE_LOW": Text(
        zh="里程 {measured} m 小于 {limit} m。", en="{measured} m are less than {limit} m."
    ),
    "DISTANCE_HIGH": Text(
        zh="里程 {measured} m 大于 {limit} m。", en="{measured} m are more than {limit} m."
    ),
    "DURATION_LOW": Text(
        zh="时长 {measured} s 小于 {limit} s。", en="{measured} s are less than {limit} s."
    ),
    "DURATION_HIGH": Text(
        zh="时长 {measured} s 大于 {limit} s。", en="{measured} s are more than {limit} s."
    ),
    "SPEED_LOW": Text(
        zh="平均速度 {measured} km/h 低于 {limit} km/h。",
        en="A mean speed of {measured} km/h is below {limit} km/h.",
    ),
    "SPEED_HIGH": Text(
        zh="平均速度 {measured} km/h 高于 {limit} km/h。",
        en="A mean speed of {measured} km/h is above {limit} km/h.",
    ),
    "STEPS_LOW": Text(
        zh="步数 {measured} 少于 {limit}。", en="{measured} steps are fewer than {limit}."
    ),
    "CADENCE_HIGH": Text(
        zh="步频每分钟 {measured} 步，高于 {limit}。",
        en="{measured} steps a minute are more than {limit}.",
    ),
    "overlap": Text(
        zh="与另一次出行（{measured}）时间重叠，只计其一。",
        en="Another trip ({measured}) took the same time; one of them is credited.",
    ),
    "cap_reached": Text(
        zh="达到每日上限：{measured}，上限 {limit}（{unit}）。",
        en="The day's cap is reached: {measured} of {limit} ({unit}).",
    ),
}


def explain(
    reason: str | None, rule: RuleHit | None, problem: str | None, language: Language
) -> str | None:
    """Return the sentence behind a reason code, or None for a trip credited in full."""
    if reason is None:
        return None
    params = {name: value or "-" for name, value in asdict(rule).items()} if rule else {}
    for name in ("measured", "limit", "unit"):
        params.setdefault(name, "-")
    return REASONS[reason].render(language, params | {"problem": problem or "-"})
