"""Why a file is refused. Nothing of a refused file is stored."""

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


class UploadNotCsv(DomainError):
    type = "upload-not-csv"
    status = 415
    title = Text(zh="只接受 CSV 文本", en="Only CSV text is taken")
    detail = Text(
        zh="Content-Type 是 {content_type}，应为 text/csv。",
        en="The Content-Type is {content_type}; it must be text/csv.",
    )
    fix = _SAVE_AS_UTF8


class UploadEncoding(DomainError):
    type = "upload-encoding"
    status = 422
    title = Text(zh="文件编码不是 UTF-8", en="The file is not UTF-8")
    detail = Text(zh="{reason}", en="{reason}")
    fix = _SAVE_AS_UTF8


class UploadUnreadable(DomainError):
    type = "upload-unreadable"
    status = 422
    title = Text(zh="文件无法按 CSV 读取", en="The file cannot be read as CSV")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="首行须为规定的列名（见 README 与接口说明），其后每行一条记录。",
        en="The first row names the columns (see the operation's description), one record per row.",
    )


class UploadRowsRefused(DomainError):
    type = "upload-rows-refused"
    status = 422
    title = Text(zh="文件中有错误的行", en="Rows of the file are wrong")
    detail = Text(
        zh="共 {total} 处错误，列出前 {shown} 处；未存储任何内容。",
        en="{total} mistake(s), the first {shown} are listed; nothing was stored.",
    )
    fix = Text(
        zh="按 errors 中的行与列改正后重新上传整个文件。",
        en="Mend the rows and columns named in errors and upload the whole file again.",
    )
