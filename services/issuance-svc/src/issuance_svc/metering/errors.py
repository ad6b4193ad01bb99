"""What can be wrong with meters, their calibrations and the data they measured."""

from tht_kit.errors import DomainError, Text


class MeterNotRegistered(DomainError):
    type = "meter-not-registered"
    status = 409
    title = Text(zh="表计未登记在本项目", en="The meter is not registered with the project")
    detail = Text(
        zh="表计 {meter_no} 未登记在项目 {project_id}，也不是其表计的替换表。",
        en="The meter {meter_no} is neither registered with the project {project_id} nor the"
        " replacement of one of its meters.",
    )
    fix = Text(
        zh="核对表号；换表请用 POST /v1/meters/replacements 登记。",
        en="Check the number; record a replacement with POST /v1/meters/replacements.",
    )


class MeterElsewhere(DomainError):
    """R7: a meter counts for one project only."""

    type = "meter-in-other-project"
    status = 409
    title = Text(zh="表计已用于其他项目", en="The meter belongs to another project")
    detail = Text(
        zh="表计 {meter_no} 已记录在其他项目中。",
        en="The meter {meter_no} is on record with another project.",
    )
    fix = Text(
        zh="一块表计只能用于一个项目（R7），请核对表号。",
        en="A meter counts for one project only (R7): check the number.",
    )


class MeterRecordMissing(DomainError):
    type = "meter-record-missing"
    status = 409
    title = Text(zh="缺少表计档案", en="A meter has no record")
    detail = Text(
        zh="项目 {project_id} 的以下表计没有档案：{meters}。",
        en="These meters of the project {project_id} have no record: {meters}.",
    )
    fix = Text(
        zh="先用 POST /v1/meters 登记准确度等级、倍率与通道；没有档案无法作保守修正（R14）。",
        en="Record class, multiplier and channels with POST /v1/meters first: without them the"
        " conservative correction (R14) cannot be made.",
    )


class MeterRecordRefused(DomainError):
    type = "meter-record-refused"
    status = 409
    title = Text(zh="表计档案互相矛盾", en="The meter's record contradicts itself")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="更正后重新提交；原有记录不变。",
        en="Mend it and submit again; what is on record stays as it is.",
    )


class CalibrationRefused(DomainError):
    type = "calibration-refused"
    status = 409
    title = Text(zh="校准记录不能登记", en="The calibration cannot be recorded")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="按校准证书更正日期与误差；更正已有记录请在 replaces 中指明。",
        en="Mend dates and error by the certificate; name in replaces the record it corrects.",
    )


class IntervalsContradict(DomainError):
    type = "interval-data-contradict"
    status = 409
    title = Text(zh="所选文件的区间数据互相矛盾", en="Interval data of the chosen files contradict")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="只引用其中一个文件，或更正后重新上传。",
        en="Name only one of the files, or mend and upload again.",
    )


class MeterCorrected(DomainError):
    """A file was multiplied by what the meter's record no longer says."""

    type = "meter-record-corrected"
    status = 409
    title = Text(zh="表计档案已更正", en="The meter's record was corrected")
    detail = Text(
        zh="表计 {meter_no} 的文件 {upload_id} 按倍率 {applied} 读取，档案现为 {recorded}。",
        en="The file {upload_id} of {meter_no} was read with the multiplier {applied}; the record"
        " says {recorded}.",
    )
    fix = Text(
        zh="重新上传该文件，按现有档案读取，再引用新的上传编号。",
        en="Upload the file again, so that it is read by the record as it is, and name the new"
        " upload.",
    )


class MeterDataTooLarge(DomainError):
    type = "meter-data-too-large"
    status = 409
    title = Text(zh="一份报告的表计数据过多", en="Too much meter data for one report")
    detail = Text(
        zh="一份报告至多 {days} 个表计通道日与 {spans} 个抄表区间。",
        en="A report takes at most {days} channel days and {spans} register spans.",
    )
    fix = Text(zh="缩短监测期或分项目报告。", en="Report a shorter period.")
