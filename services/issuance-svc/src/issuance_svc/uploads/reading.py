"""One reading of one file, from the store of files to rows or problems; nothing is stored here."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from issuance_svc.uploads import workbook
from issuance_svc.uploads.kinds import KindHandler, Parsed
from issuance_svc.uploads.limits import Limits
from issuance_svc.uploads.problems import PROBLEMS_SHOWN_MAX, Problem, Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.source import Format, Source
from tht_kit.blobs import Blobs
from tht_kit.errors import DomainError, Text


@dataclass
class Reading:
    """What a reading came to: rows to store, or why there are none."""

    parsed: Parsed | None
    problems: Problems
    refusal: DomainError | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    # How far the reading came; of a file without a mistake, to its end.
    rows_read: int = 0
    bytes_read: int = 0

    @property
    def summary(self) -> dict[str, Any]:
        return {**(self.parsed.summary if self.parsed else {}), **self.notes}

    def all_problems(self) -> list[Problem]:
        """Return the problems of rows, and those of a file that could not be read to its end."""
        if self.refusal is None:
            return self.problems.kept
        return [*self.problems.kept, *problems_of(self.refusal)]


def problems_of(refusal: DomainError) -> list[Problem]:
    """Return a refusal as problems: at the places it names, or of the whole file."""
    places: list[Problem] = refusal.params.get("places", [])
    if places:
        return places
    what, fix = (
        Text(zh=each.render("zh", refusal.params), en=each.render("en", refusal.params))
        for each in (refusal.detail, refusal.fix)
    )
    return [Problem(None, None, what, fix)]


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """Yield a folder for one reading; it goes with all that was spooled into it."""
    with tempfile.TemporaryDirectory(prefix="tht-upload-") as name:
        yield Path(name)


async def read(
    blobs: Blobs,
    sha256: str,
    format_name: Format,
    handler: KindHandler,
    context: Any,
    *,
    sheet: str | None,
    work: Path,
    limits: Limits,
    progress: Progress,
) -> Reading:
    """Read the file in a thread, a workbook through the limited child before.

    `work` must last until the rows are stored. Raises UploadStopped, BlobMissing, BlobDamaged.
    """
    path = work / "file"
    await blobs.fetch(sha256, path)
    source = Source(path=path, format=format_name, work=work, rows_max=handler.rows_max)
    problems = Problems(kept_max=limits.problems_kept_max)
    parsed: Parsed | None = None
    try:
        if format_name == "xlsx":
            converted, notes = await workbook.convert(path, work, limits, progress, sheet=sheet)
            source.converted = converted
            source.notes |= notes
            progress.advance(bytes_read=path.stat().st_size)
        parsed = await asyncio.to_thread(handler.read, source, context, problems, progress)
    except DomainError as refusal:
        return _to(progress, Reading(None, problems, refusal, source.notes))
    if problems.total:
        parsed = None
    assert problems.total or parsed is not None, f"{handler.name} read nothing and named nothing"
    return _to(progress, Reading(parsed, problems, None, source.notes))


def _to(progress: Progress, found: Reading) -> Reading:
    found.rows_read, found.bytes_read = progress.rows_read, progress.bytes_read
    return found


def shown(problems: list[Problem]) -> list[Any]:
    """Return what an answer's `errors` show."""
    return [problem.shown for problem in problems[:PROBLEMS_SHOWN_MAX]]
