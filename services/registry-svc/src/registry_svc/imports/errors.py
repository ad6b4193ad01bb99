"""What can be wrong with a file of parcels, meters or vehicles."""

from tht_kit.errors import DomainError, Text


class ImportFileInvalid(DomainError):
    type = "import-file-invalid"
    status = 422
    title = Text(zh="导入文件无法读取", en="The file cannot be read")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="请改正文件后重新提交；未导入任何内容。",
        en="Mend the file and send it again; nothing was imported.",
    )

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(reason=Text(zh=zh, en=en))


class ImportRefused(DomainError):
    type = "import-refused"
    status = 422
    title = Text(zh="导入文件有误", en="Rows of the file are wrong")
    detail = Text(
        zh="文件中有 {count} 处错误，errors 列出前 {shown} 处；未导入任何内容。",
        en="{count} thing(s) in the file are wrong, errors names the first {shown}; nothing was"
        " imported.",
    )
    fix = Text(
        zh="请按 errors 所列行与列改正后重新提交。",
        en="Mend each row and column named in errors and send the file again.",
    )


class ImportTooLarge(DomainError):
    type = "import-too-large"
    status = 413
    title = Text(zh="导入文件过大", en="The file is too large")
    detail = Text(zh="导入文件至多 {limit_mib} MiB。", en="A file may have up to {limit_mib} MiB.")
    fix = Text(zh="请拆成几个文件。", en="Split it into several files.")


class ImportKindUnfit(DomainError):
    type = "import-kind-unfit"
    status = 409
    title = Text(zh="此类项目没有这些内容", en="This type of project has none of these")
    detail = Text(
        zh="{project_type} 项目不导入 {kind}。",
        en="A {project_type} project does not have {kind}.",
    )
    fix = Text(
        zh="造林项目导入 parcels，分布式光伏项目导入 meters，绿色出行项目导入 vehicles。",
        en="Afforestation has parcels, distributed PV meters, citizen travel vehicles.",
    )
