"""What can be wrong with a district code."""

from tht_kit.errors import DomainError, Text


class DistrictNotFound(DomainError):
    type = "district-not-found"
    status = 404
    title = Text(zh="行政区划代码不存在", en="District not found")
    detail = Text(
        zh="没有代码为 {district_code} 的区县。", en="There is no district {district_code}."
    )
    fix = Text(
        zh="区县代码见 GET /v1/districts。", en="The codes of districts are at GET /v1/districts."
    )


class DistrictNotInForce(DomainError):
    type = "district-not-in-force"
    status = 422
    title = Text(zh="行政区划代码无效", en="The district code is not in force")
    detail = Text(
        zh="{district_code} 在 {day} 不是有效的区县代码：{reason}",
        en="{district_code} is not the code of a district on {day}: {reason}",
    )
    fix = Text(
        zh="请使用当日有效的六位代码，见 GET /v1/districts?on={day}。",
        en="Use a six-digit code that is in force that day: GET /v1/districts?on={day}.",
    )


class DistrictInvalid(DomainError):
    type = "district-invalid"
    status = 422
    title = Text(zh="行政区划信息有误", en="The district is not valid")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="请按民政部门公布的区划变更填写起止日期与继任代码。",
        en="Enter days and successors as the civil affairs authority published them.",
    )
