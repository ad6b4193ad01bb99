"""What a kind of activity data is: the interface between the upload framework and the slices.

A slice offers a handler, issuance_svc/kinds.py collects them, the framework does the rest: storing
the file once, jobs, formats, problems, the annotated return. The order of calls:

1. `context` in a session, before the file is read: facts of the project that reading needs. Raises
   DomainErrors for options that cannot be used (also at once, when the file arrives).
2. `read` in a thread, pure: notes every mistake in `problems`, raises a DomainError for a file that
   cannot be read at all. With one problem or more nothing of the file is stored.
3. `store` in the transaction that makes the upload STORED.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects.models import Project
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.source import Format, Source
from tht_kit.errors import Text

Summary = dict[str, Any]
TABULAR: frozenset[Format] = frozenset({"csv", "ndjson", "xlsx"})


class NoOptions(BaseModel):
    """Options of a kind that has none. Others: strict, frozen, every field with a description."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Parsed:
    """A file without a mistake, as far as reading can tell.

    `summary` goes to the owner as it is (JSON; decimals as text). `data` is what `store` needs: for
    a large file a path inside `Source.work`, never millions of objects.
    """

    rows: int
    summary: Summary
    data: Any = field(repr=False)


@runtime_checkable
class ReadByRecord(Protocol):
    """A context whose facts decide what the same bytes say, such as a meter's multiplier.

    Once the facts have changed the same file is another upload: it is read again.
    """

    @property
    def record_key(self) -> str:
        """A short text that changes with the facts; "" where the file does not depend on them."""
        ...


class KindHandler(Protocol):
    """One kind of file."""

    @property
    def name(self) -> str:
        """What `kind` says in the request, such as interval_readings; a ClassVar of the handler."""
        ...

    @property
    def title(self) -> Text: ...

    @property
    def formats(self) -> frozenset[Format]: ...

    @property
    def columns(self) -> Columns:
        """The columns of the tabular formats: what `Source.rows` is given."""
        ...

    @property
    def options(self) -> type[BaseModel]:
        """The further query parameters of POST /v1/uploads; strict, each with a description."""
        ...

    @property
    def rows_max(self) -> int: ...

    async def context(self, session: AsyncSession, project: Project, options: Any) -> Any:
        """Return the facts that reading needs; raises DomainErrors for unusable options."""
        ...

    def read(
        self, source: Source, context: Any, problems: Problems, progress: Progress
    ) -> Parsed | None:
        """Read the file in a thread. With problems noted the result is not used (None will do)."""
        ...

    async def store(self, session: AsyncSession, upload: Upload, parsed: Parsed) -> None:
        """Write the rows (COPY) in the caller's transaction; may raise DomainErrors."""
        ...


Kinds = Mapping[str, KindHandler]
