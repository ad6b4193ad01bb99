"""Why a file is refused. Nothing of a refused file's rows is stored; the file and its problems are."""

from tht_kit.errors import DomainError, Text

_SAVE_AS_UTF8 = Text(
    zh="在电子表格软件中另存为“CSV UTF-8（逗号分隔）”后重新上传。",
    en="Save the sheet as “CSV UTF-8 (comma delimited)” and upload it again.",
)


class UploadNotFound(DomainError):
    type = "upload-not-found"
    status = 404
    title = Text(zh="没有此上传文件", en="No such upload")
    detail = Text(zh="没有编号为 {upload_id} 的上传文件。", en="There is no upload {upload_id}.")
    fix = Text(
        zh="请核对编号，或先上传：POST /v1/uploads。",
        en="Check the id, or upload the file first: POST /v1/uploads.",
    )


class UploadTooLarge(DomainError):
    type = "upload-too-large"
    status = 413
    title = Text(zh="文件过大", en="The file is too large")
    detail = Text(zh="文件超过 {limit_mib} MiB。", en="The file has more than {limit_mib} MiB.")
    fix = Text(zh="请按期间拆分为多个文件。", en="Split it by period into several files.")


class UploadFormatUnknown(DomainError):
    type = "upload-format-unknown"
    status = 415
    title = Text(zh="不接受的文件格式", en="The file's format is not taken")
    detail = Text(
        zh="Content-Type 是 {content_type}，此类文件接受 {accepted}。",
        en="The Content-Type is {content_type}; this kind of file is taken as {accepted}.",
    )
    fix = Text(
        zh="用 Content-Type 或 format 参数写明格式；.xls 与 .xlsm 请另存为 .xlsx 或 CSV。",
        en="Say the format by Content-Type or by format=; save .xls and .xlsm as .xlsx or CSV.",
    )


class UploadEncoded(DomainError):
    type = "upload-content-encoding"
    status = 415
    title = Text(zh="不接受压缩传输", en="Compressed bodies are not taken")
    detail = Text(zh="Content-Encoding 是 {encoding}。", en="The Content-Encoding is {encoding}.")
    fix = Text(zh="请发送未压缩的文件。", en="Send the file uncompressed.")


class UploadKindUnknown(DomainError):
    type = "upload-kind-unknown"
    status = 422
    title = Text(zh="没有此种文件", en="No such kind of file")
    detail = Text(zh="kind 应为 {known} 之一。", en="The kind must be one of {known}.")
    fix = Text(zh="见 GET /v1/uploads/kinds。", en="See GET /v1/uploads/kinds.")


class UploadOptionsWrong(DomainError):
    type = "upload-options-wrong"
    status = 422
    title = Text(zh="上传参数有误", en="The options of the upload are wrong")
    detail = Text(
        zh="有 {count} 个参数不能用于此种文件。",
        en="{count} parameter(s) cannot be used with this kind of file.",
    )
    fix = Text(
        zh="按 errors 改正；参数见 GET /v1/uploads/kinds。",
        en="Mend what errors names; the options are listed at GET /v1/uploads/kinds.",
    )


class UploadEncoding(DomainError):
    type = "upload-encoding"
    status = 422
    title = Text(zh="文件编码不被接受", en="The file's encoding is not taken")
    detail = Text(zh="{reason}", en="{reason}")
    fix = _SAVE_AS_UTF8


class UploadUnreadable(DomainError):
    type = "upload-unreadable"
    status = 422
    title = Text(zh="文件无法读取", en="The file cannot be read")
    detail = Text(zh="{reason}", en="{reason}")
    # What mends it depends on what is wrong: a heading, a cut end, a missing option.
    fix = Text(zh="{cure}", en="{cure}")


class UploadWorkbookRefused(DomainError):
    type = "upload-workbook-refused"
    status = 422
    title = Text(zh="工作簿不被接受", en="The workbook is not taken")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="另存为不含宏与密码的 .xlsx，只含一张数据表，然后重新上传。",
        en="Save it as .xlsx without macros and password, with one sheet of data, and upload again.",
    )


class UploadWorkbookTooHeavy(DomainError):
    type = "upload-workbook-too-heavy"
    status = 422
    title = Text(zh="工作簿展开后过大", en="The workbook is too heavy once it is opened")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="将数据复制到新的工作簿，或改用 CSV。",
        en="Copy the data into a new workbook, or send it as CSV.",
    )


class UploadRowsRefused(DomainError):
    type = "upload-rows-refused"
    status = 422
    title = Text(zh="文件中有错误的行", en="Rows of the file are wrong")
    detail = Text(
        zh="共 {total} 处错误，列出前 {shown} 处；未存储任何行。上传编号 {upload_id}。",
        en="{total} mistake(s), the first {shown} are listed; no row was stored. Upload {upload_id}.",
    )
    fix = Text(
        zh="按 errors 中的行与列改正后重新上传整个文件；全部错误见 /v1/uploads/{upload_id}/problems，"
        "带批注的原文件见 /v1/uploads/{upload_id}/annotated。",
        en="Mend the rows and columns named in errors and upload the whole file again; all problems"
        " are at /v1/uploads/{upload_id}/problems, your file annotated at"
        " /v1/uploads/{upload_id}/annotated.",
    )


class UploadNotStored(DomainError):
    type = "upload-not-stored"
    status = 409
    title = Text(zh="文件尚不可用", en="The file cannot be used yet")
    detail = Text(
        zh="上传文件 {upload_id} 的状态是 {state}。", en="The upload {upload_id} is {state}."
    )
    fix = Text(
        zh="等待其变为 STORED；被拒绝的文件请改正后重新上传。",
        en="Wait until it is STORED; mend a refused file and upload it again.",
    )


class UploadFinished(DomainError):
    type = "upload-finished"
    status = 409
    title = Text(zh="文件已处理完毕", en="The upload is finished")
    detail = Text(
        zh="上传文件 {upload_id} 的状态是 {state}，不能再取消。",
        en="The upload {upload_id} is {state} and can no longer be cancelled.",
    )
    fix = Text(zh="无须取消。", en="There is nothing to cancel.")


class DataFromFuture(DomainError):
    type = "data-from-the-future"
    status = 422
    title = Text(zh="数据日期在未来", en="The data are of days to come")
    detail = Text(
        zh="文件含 {last_day} 的数据，今日为 {today}。",
        en="The file tells of {last_day}, and today is {today}.",
    )
    fix = Text(
        zh="月份结束后再上传该月读数；核对日期。",
        en="Upload a month when it is over; check the dates.",
    )
