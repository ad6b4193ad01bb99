"""A file to be read, wherever it came from: a local path, its format, its rows. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from issuance_svc.uploads import delimited, ndjson, sheet
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import Row

Format = Literal["csv", "ndjson", "xlsx", "nem12", "nem13"]
FORMATS: tuple[Format, ...] = get_args(Format)


@dataclass
class Source:
    """One reading of one file.

    `work` is a folder for this reading alone, removed afterwards: a place to spool what `store`
    will copy. `notes` gather what the reading found out (encoding, delimiter, sheet); the framework
    adds them to the upload's summary. `converted` is what the limited child process made of a
    workbook.
    """

    path: Path
    format: Format
    work: Path
    rows_max: int
    notes: dict[str, Any] = field(default_factory=dict)
    converted: sheet.Converted | None = None

    def rows(self, columns: Columns, problems: Problems, progress: Progress) -> Iterator[Row]:
        """Yield the rows of a tabular file (csv, ndjson, xlsx), as text by canonical column.

        Rows with a fault of shape are noted in `problems` and left out. Raises UploadEncoding,
        UploadUnreadable, UploadStopped.
        """
        if self.format == "csv":
            table = self.table(columns)
            return delimited.rows(self.path, table, problems, progress, rows_max=self.rows_max)
        if self.format == "ndjson":
            return ndjson.rows(self.path, columns, problems, progress, rows_max=self.rows_max)
        assert self.format == "xlsx", "NEM files are read by issuance_svc.uploads.nem"
        assert self.converted is not None, "the framework converts a workbook before it is read"
        return sheet.rows(self.converted, columns, problems, progress, rows_max=self.rows_max)

    def table(self, columns: Columns) -> delimited.Table:
        """Return how a CSV file is to be read, its header checked: for readers with a fast path.

        Notes encoding and delimiter. Raises UploadEncoding, UploadUnreadable.
        """
        table = delimited.open_table(self.path, columns)
        self.notes |= table.notes
        return table
