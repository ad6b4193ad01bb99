"""Opening a workbook: in a child process with limits, which ends with this one."""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from weakref import WeakKeyDictionary

from issuance_svc.uploads.errors import (
    UploadUnreadable,
    UploadWorkbookRefused,
    UploadWorkbookTooHeavy,
)
from issuance_svc.uploads.headers import ADD_ROWS
from issuance_svc.uploads.limits import Limits
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.sheet import Converted
from tht_kit.child import ending_with_parent
from tht_kit.errors import DomainError, Text

CHILD = "issuance_svc.uploads.workbook_child"
POLL_S = 0.1
_OUTPUT_BYTES_MAX = 4 * 1024 * 1024 * 1024
_EXITS_SAID = (0, 3)
_SAVE_AGAIN = Text(
    zh="文件未完整传输或已损坏：在电子表格软件中打开原件，另存为新的 .xlsx（或 CSV UTF-8），"
    "核对文件大小后重新上传。",
    en="It arrived incomplete or is damaged: open the original in a spreadsheet, save it as a new"
    " .xlsx (or CSV UTF-8), compare the sizes and upload it again.",
)
# A process has one loop; tests have several.
_places: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]" = WeakKeyDictionary()


async def convert(
    file: Path, work: Path, limits: Limits, progress: Progress, *, sheet: str | None
) -> tuple[Converted, dict[str, object]]:
    """Return the sheet's rows and what the owner should know of them.

    Raises UploadWorkbookRefused, UploadWorkbookTooHeavy, UploadUnreadable, UploadStopped.
    """
    rows, about = work / "rows.ndjson", work / "about.json"
    more = [] if sheet is None else [sheet]
    await run_child([str(file), str(rows), str(about), *more], work, limits, progress)
    found = json.loads(about.read_text(encoding="utf-8"))
    if "refused" in found:
        raise _refusal(*found["refused"])
    return Converted(rows, found["sheet"], found["merged"]), found["notes"]


async def annotate(file: Path, work: Path, limits: Limits, notes: dict[str, object]) -> Path:
    """Return the workbook with the notes beside its rows; raises as `convert`."""
    out, about, given = work / "annotated.xlsx", work / "annotated.json", work / "notes.json"
    given.write_text(json.dumps(notes, ensure_ascii=False), encoding="utf-8")
    arguments = [str(file), str(out), str(about), "--annotate", str(given)]
    await run_child(arguments, work, limits, Progress())
    found = json.loads(about.read_text(encoding="utf-8"))
    if "refused" in found:
        raise _refusal(*found["refused"])
    return out


async def run_child(arguments: list[str], work: Path, limits: Limits, progress: Progress) -> None:
    """Run the child until it has said its result; kills it when told to stop, or too slow.

    Waits while as many others run as one process may have.
    """
    loop = asyncio.get_running_loop()
    places = _places.setdefault(loop, asyncio.Semaphore(limits.workbook_children_max))
    async with places:
        await _run_child(arguments, work, limits, progress)


async def _run_child(arguments: list[str], work: Path, limits: Limits, progress: Progress) -> None:
    allowed = json.dumps(
        {
            "memory_bytes": limits.workbook_memory_bytes_max,
            "cpu_s": limits.workbook_cpu_s_max,
            "output_bytes": _OUTPUT_BYTES_MAX,
            "expanded_bytes": limits.workbook_expanded_bytes_max,
            "ratio": limits.workbook_ratio_max,
        }
    )
    command = [sys.executable, "-I", "-m", CHILD, allowed, *arguments]
    child = await asyncio.create_subprocess_exec(
        *ending_with_parent(command, by=signal.SIGKILL),
        cwd=work,
        env={"LANG": "C.UTF-8"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    ends_at = time.monotonic() + limits.workbook_wall_s_max
    try:
        while child.returncode is None:
            progress.advance()
            if time.monotonic() > ends_at:
                raise _too_heavy("展开用时过长", "it takes too long to open")
            try:
                await asyncio.wait_for(child.wait(), POLL_S)
            except TimeoutError:
                continue
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode not in _EXITS_SAID:
        raise _too_heavy("展开超过内存或时间上限", "it needs more memory or time than allowed")


def _refusal(kind: str, zh: str, en: str) -> DomainError:
    reason = Text(zh=f"{zh}。", en=f"{en[0].upper()}{en[1:]}.")
    if kind == "heavy":
        return UploadWorkbookTooHeavy(reason=reason)
    if kind == "refused":
        return UploadWorkbookRefused(reason=reason)
    cure = ADD_ROWS if kind == "empty" else _SAVE_AGAIN
    return UploadUnreadable(reason=reason, cure=cure)


def _too_heavy(zh: str, en: str) -> UploadWorkbookTooHeavy:
    reason = Text(zh=f"{zh}。", en=f"{en[0].upper()}{en[1:]}.")
    return UploadWorkbookTooHeavy(reason=reason)
