"""How far the reading of a file is, told from the reading thread to the job that watches it."""

import threading


class UploadStopped(Exception):
    """The reading was told to stop: the upload was cancelled, or the process is ending."""


class Progress:
    """Counters of one reading; `advance` also is the place where a cancelled reading ends."""

    def __init__(self) -> None:
        self.rows_read = 0
        self.bytes_read = 0
        self._stop = threading.Event()

    def advance(self, *, rows: int = 0, bytes_read: int | None = None) -> None:
        """Add rows and set the bytes read so far; call it every few thousand rows.

        Raises UploadStopped.
        """
        self.rows_read += rows
        if bytes_read is not None:
            self.bytes_read = bytes_read
        if self._stop.is_set():
            raise UploadStopped

    def stop(self) -> None:
        """Make the next `advance` raise; may be called from any thread."""
        self._stop.set()
