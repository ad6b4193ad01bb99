"""Rules of the documents (项目文件), pure: kinds, who may file and read them, what a file is, R11."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from registry_svc.projects.rules import ProjectStatus
from registry_svc.sites.rules import anniversary


class DocumentKind(StrEnum):
    PROJECT_DESIGN = "project_design"  # 项目设计文件
    COMMITMENT_LETTER = "commitment_letter"  # 承诺书
    APPROVAL = "approval"  # 批复、备案文件
    TENURE = "tenure"  # 权属证明
    MONITORING_PLAN = "monitoring_plan"  # 监测计划
    VALIDATION_REPORT = "validation_report"  # 审定报告
    VERIFICATION_EVIDENCE = "verification_evidence"  # 核查证据
    OTHER = "other"  # 其他


# Articles 12 and 13: these are for everybody, once the project is under notice.
PUBLIC_KINDS = frozenset(
    {
        DocumentKind.PROJECT_DESIGN,
        DocumentKind.MONITORING_PLAN,
        DocumentKind.VALIDATION_REPORT,
    }
)
# What only the validation or verification body files; all else is the owner's to file.
BODIES_KINDS = frozenset({DocumentKind.VALIDATION_REPORT, DocumentKind.VERIFICATION_EVIDENCE})

# A project in one of these never issued and never will: its files may go.
ABANDONED = frozenset({ProjectStatus.DRAFT, ProjectStatus.RECALLED, ProjectStatus.REJECTED})

# Media type by the first bytes: what the file is, not what its sender calls it.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
)
SIGNATURE_BYTES = 8
_OFFICE: Mapping[str, str] = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ACCEPTED = "PDF, PNG, JPEG, DOCX, XLSX, ZIP"


def media_type_of(first_bytes: bytes, file_name: str) -> str | None:
    """Return the media type of a file that is accepted, else None."""
    for signature, media_type in _SIGNATURES:
        if first_bytes.startswith(signature):
            if media_type == "application/zip":
                suffix = file_name.lower()[file_name.rfind(".") :] if "." in file_name else ""
                return _OFFICE.get(suffix, media_type)
            return media_type
    return None


def is_public(kind: DocumentKind, *, is_published: bool) -> bool:
    """Say whether everybody may read a document of a project that is, or is not, the public's."""
    return is_published and kind in PUBLIC_KINDS


def locked_until(last_issued_on: date | None, retention_years: int) -> date | None:
    """Return the last day on which a record may not be deleted (R11); None while none is known.

    Ten years after an issuance on 2026-03-01 end with 2036-03-01; 29 February counts as 1 March.
    """
    return None if last_issued_on is None else anniversary(last_issued_on, retention_years)
