"""What can be wrong with a citizen's account or consent."""

from tht_kit.errors import DomainError, Text


class CitizenNotFound(DomainError):
    type = "citizen-not-found"
    status = 404
    title = Text(zh="市民不存在", en="Citizen not found")
    detail = Text(
        zh="本机构没有标识为 {subject} 的市民。",
        en="This partner knows no citizen by the subject token {subject}.",
    )
    fix = Text(
        zh="标识按合作方分别发放，请使用发给本凭据的标识。",
        en="Tokens are given per partner: use the one that was given to this credential.",
    )


class CitizenOfAnotherApp(DomainError):
    type = "citizen-of-another-app"
    status = 403
    title = Text(zh="并非该市民自己的应用", en="Not the citizen's own app")
    detail = Text(
        zh="本凭据的标识仅用于上传和查询自己上传的出行。",
        en="This credential's token is only good for sending trips and reading those it sent.",
    )
    fix = Text(
        zh="请由市民开户所用的应用（POST /v1/citizens）操作。",
        en="Let the app do it through which the citizen opened the account (POST /v1/citizens).",
    )


class ConsentScenarioUnknown(DomainError):
    type = "consent-scenario-unknown"
    status = 404
    title = Text(zh="场景不存在", en="Scenario not found")
    detail = Text(
        zh="没有编号为 {scenario_id} 的场景可授权。",
        en="There is no scenario {scenario_id} to consent to.",
    )
    fix = Text(zh="请在 GET /v1/scenarios 中选择。", en="Choose one of those at GET /v1/scenarios.")


class ConsentEnded(DomainError):
    type = "consent-ended"
    status = 422
    title = Text(zh="授权期限已过", en="The consent would be over already")
    detail = Text(
        zh="授权截止日 {until} 早于今天 {today}。",
        en="The consent's last day {until} is before today, {today}.",
    )
    fix = Text(
        zh="请填写今天或以后的日期，或不填（长期有效，可随时撤回）。",
        en="Give today or a later day, or none: it then lasts until it is withdrawn.",
    )
