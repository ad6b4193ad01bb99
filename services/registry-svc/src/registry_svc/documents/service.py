"""Documents of a project (项目文件): filed once by content, read by whom they concern, kept (R11)."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.credits import service as issued_credits
from registry_svc.documents import repository, rules
from registry_svc.documents.errors import (
    DocumentEmpty,
    DocumentLocked,
    DocumentNotFound,
    DocumentNotYours,
    DocumentTypeRefused,
)
from registry_svc.documents.models import Document
from registry_svc.documents.rules import DocumentKind
from registry_svc.projects import service as projects
from registry_svc.projects.models import Project
from registry_svc.projects.rules import ProjectStatus
from tht_kit.blobs import Blobs
from tht_kit.clock import legal_date
from tht_kit.errors import Text
from tht_kit.ids import new_id
from tht_kit.principal import Principal

DOCUMENT_BYTES_MAX = 64 * 1024 * 1024


async def file(
    session: AsyncSession,
    blobs: Blobs,
    *,
    project_id: UUID,
    kind: DocumentKind,
    title: str,
    file_name: str,
    content: AsyncIterator[bytes],
    by: Principal,
    now: datetime,
) -> tuple[Document, bool]:
    """File a document; return it and whether it is new: the same file of the same kind is the same.

    The bytes are stored before the first statement: no connection is held while they arrive, and
    bytes that no row names are harmless. Raises BlobTooLarge, DocumentTypeRefused, DocumentEmpty,
    ProjectNotFound, DocumentNotYours.
    """
    media_type, whole = await _typed(content, file_name)
    blob = await blobs.put(whole, bytes_max=DOCUMENT_BYTES_MAX)
    project = await projects.get(session, project_id)
    _must_be_the_filers(project, kind, by.organisation())
    values = {
        "document_id": new_id(),
        "project_id": project_id,
        "kind": kind,
        "title": title,
        "file_name": file_name,
        "media_type": media_type,
        "sha256": blob.sha256,
        "size_bytes": blob.size_bytes,
        "organisation_code": by.organisation(),
        "filed_by": by.subject,
        "filed_at": now,
    }
    document = await repository.insert_new(session, values)
    if document is not None:
        return document, True
    known = await repository.find_same(session, project_id, kind, blob.sha256)
    assert known is not None, "the conflict was with this very row"
    return known, False


async def _typed(content: AsyncIterator[bytes], file_name: str) -> tuple[str, AsyncIterator[bytes]]:
    """Return the media type that the first bytes show, and the whole content again."""
    head = b""
    async for chunk in content:
        head += chunk
        if len(head) >= rules.SIGNATURE_BYTES:
            break
    if not head:
        raise DocumentEmpty
    media_type = rules.media_type_of(head, file_name)
    if media_type is None:
        raise DocumentTypeRefused(file_name=file_name, accepted=rules.ACCEPTED)

    async def whole() -> AsyncIterator[bytes]:
        yield head
        async for chunk in content:
            yield chunk

    return media_type, whole()


def _must_be_the_filers(project: Project, kind: DocumentKind, organisation_code: str) -> None:
    if kind in rules.BODIES_KINDS:
        # The verifier of a report is issuance's to know; here it is any body but the owner's side.
        allowed = organisation_code not in (project.owner_code, project.pdd_author_code)
        if kind is DocumentKind.VALIDATION_REPORT:
            allowed = organisation_code == project.validator_code
        role = Text(zh="审定与核查机构", en="the validation or verification body")
    else:
        allowed = organisation_code in (project.owner_code, project.pdd_author_code)
        role = Text(
            zh="业主或设计文件编制单位", en="the owner or the author of the design document"
        )
    if not allowed:
        raise DocumentNotYours(kind=kind, role=role, organisation_code=organisation_code)


async def get(
    session: AsyncSession, document_id: UUID, *, reader: Principal | None
) -> tuple[Document, Project]:
    """Return the document if the reader may see it; raises DocumentNotFound, also for one hidden."""
    document = await repository.find(session, document_id)
    if document is None:
        raise DocumentNotFound(document_id=document_id)
    project = await projects.get(session, document.project_id)
    if not _may_read(document, project, reader):
        raise DocumentNotFound(document_id=document_id)
    return document, project


def _may_read(document: Document, project: Project, reader: Principal | None) -> bool:
    if rules.is_public(DocumentKind(document.kind), is_published=project.is_published):
        return True
    return projects.is_party(project, reader) or (
        reader is not None and reader.organisation_code == document.organisation_code
    )


async def list_page(
    session: AsyncSession,
    project_id: UUID,
    *,
    reader: Principal | None,
    after: UUID | None,
    limit: int,
) -> tuple[Sequence[Document], Project]:
    """Return up to `limit` documents that the reader may see; raises ProjectNotFound."""
    project = await projects.get_visible(session, project_id, reader=reader)
    kinds: Sequence[str] | None = None
    if not projects.is_party(project, reader):
        kinds = sorted(rules.PUBLIC_KINDS)
    rows = await repository.list_after(session, project_id, kinds=kinds, after=after, limit=limit)
    return rows, project


async def remove(session: AsyncSession, document_id: UUID, *, by: Principal, now: datetime) -> None:
    """Take a document back that nothing can rest on; its bytes stay in the store.

    Raises DocumentNotFound, DocumentNotYours, DocumentLocked (R11).
    """
    document, project = await get(session, document_id, reader=by)
    if document.organisation_code != by.organisation_code:
        role = Text(zh="提交单位", en="the organisation that filed it")
        raise DocumentNotYours(
            kind=document.kind, role=role, organisation_code=by.organisation_code
        )
    await _must_not_be_locked(session, project, legal_date(now))
    await repository.remove(session, document_id)


async def _must_not_be_locked(session: AsyncSession, project: Project, today: date) -> None:
    if ProjectStatus(project.status) in rules.ABANDONED:
        return
    until = await locked_until(session, project)
    if until is None:
        raise DocumentLocked(
            reason=Text(
                zh="项目尚在登记或签发之中，其文件不得删除（R11）。",
                en="The project is on its way to issuance: its documents are kept (R11).",
            )
        )
    if today <= until:
        raise DocumentLocked(
            reason=Text(
                zh=f"原始记录自最后一次签发起保存十年，至 {until}（第11、18条，R11）。",
                en=f"Records are kept for ten years after the last issuance, until {until}"
                " (art. 11 and 18, R11).",
            )
        )


async def locked_until(session: AsyncSession, project: Project) -> date | None:
    """Return until when the project's records are locked; None before its first issuance."""
    issued = await issued_credits.of_project(session, project.project_id)
    rule = await projects.get_rule(session, project.unit_type)
    return rules.locked_until(
        None if issued is None else issued.last_issued_on, rule.retention_years
    )
