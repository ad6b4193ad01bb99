"""What can be wrong with a document."""

from tht_kit.errors import DomainError, Text


class DocumentNotFound(DomainError):
    type = "document-not-found"
    status = 404
    title = Text(zh="文件不存在", en="Document not found")
    detail = Text(zh="没有编号为 {document_id} 的文件。", en="There is no document {document_id}.")
    fix = Text(
        zh="请核对编号；未公开的文件只有当事方可见。",
        en="Check the id; a document that is not public is seen by its parties alone.",
    )


class DocumentTypeRefused(DomainError):
    type = "document-type-refused"
    status = 415
    title = Text(zh="不接受的文件类型", en="This type of file is not accepted")
    detail = Text(
        zh="按文件内容判断，{file_name} 不是 {accepted} 之一。",
        en="By its content {file_name} is none of {accepted}.",
    )
    fix = Text(
        zh="请转换为 PDF 等可接受的格式后再传。",
        en="Convert it to one of these formats, such as PDF.",
    )


class DocumentEmpty(DomainError):
    type = "document-empty"
    status = 422
    title = Text(zh="文件为空", en="The file is empty")
    detail = Text(zh="收到的文件没有内容。", en="The file that arrived has no bytes.")
    fix = Text(zh="请核对所选文件。", en="Check which file was sent.")


class DocumentNotYours(DomainError):
    type = "document-not-yours"
    status = 403
    title = Text(zh="无权提交此类文件", en="This kind of document is not yours to file")
    detail = Text(
        zh="“{kind}”由{role}提交；单位 {organisation_code} 不是。",
        en="A {kind} is filed by {role}; {organisation_code} is not.",
    )
    fix = Text(
        zh="请由相应单位提交，或选择正确的文件种类。",
        en="Have the right organisation file it, or choose the right kind.",
    )


class DocumentLocked(DomainError):
    """R11: nothing that an issuance may rest on is deleted."""

    type = "document-locked"
    status = 409
    title = Text(zh="文件在保存期内", en="The document is locked")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="请另行提交更正文件；原文件保留。",
        en="File a corrected document beside it; the old one stays.",
    )
