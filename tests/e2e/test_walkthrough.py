"""The walk-through of the real files: what the guide shows is what the command and the calls print."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guides/from-file-to-serials.md"
DATA = Path(os.environ.get("THT_SHARED_DATA", ROOT.parent / "shared/data"))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
START_S, WALK_S = 120, 240

pytestmark = pytest.mark.skipif(
    not (DATA / "pv").is_dir(), reason="the real files (../shared/data) are not here"
)


@dataclass(frozen=True)
class Walked:
    """A platform on which the walk-through has run, and what it printed."""

    url: str
    credentials: Path
    printed: str


@pytest.fixture(scope="module")
def walked() -> Iterator[Walked]:
    folder = Path(tempfile.mkdtemp(prefix="tanhuitong-walk-"))
    folder.chmod(0o711)  # PostgreSQL may run as another user and must be able to pass
    data_dir = folder / "data"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "embedded", "run", "--port", str(port)]
    with (folder / "run.log").open("w") as log:
        platform = subprocess.Popen(
            [*command, "--data-dir", str(data_dir)], cwd=ROOT, stdout=log, stderr=log
        )
    try:
        _wait_for(platform, url, folder / "run.log")
        credentials = data_dir / "credentials.json"
        done = walkthrough("--url", url, "--credentials", str(credentials), "--data", str(DATA))
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        yield Walked(url, credentials, done.stdout)
    finally:
        platform.terminate()
        platform.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(platform: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and platform.poll() is None:
        try:
            httpx.get(f"{url}/v1/totals").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"the platform did not start: {log.read_text()}")


def walkthrough(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "embedded", "walkthrough", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WALK_S,
        check=False,
    )


def fences(language: str) -> list[str]:
    return [text for name, text in FENCE.findall(GUIDE.read_text("utf-8")) if name == language]


@pytest.fixture(scope="module")
def called(walked) -> str:
    """Return what the guide's own calls print, in its order, against that platform."""
    if not (shutil.which("curl") and shutil.which("jq")):
        pytest.skip("the guide's calls need curl and jq")
    script = "\n".join(text for text in fences("sh") if "make " not in text)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=os.environ
        | {"URL": walked.url, "CREDENTIALS": str(walked.credentials), "DATA": str(DATA)},
        capture_output=True,
        text=True,
        timeout=WALK_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_files_end_in_two_serials_and_nothing_else(walked):
    """3,696.6374 kWh x 0.715375 t/MWh = 2.6444... t: two tonnes; every other file earns none."""
    printed = walked.printed
    assert (
        re.findall(r"CQ-CQCER-\S+-\d{9}-\d{9}", printed)
        == ["CQ-CQCER-01-0001-2022-01-000000001-000000002"] * 2
    )
    assert printed.count(" 0 serials ") == 5
    issued = httpx.get(f"{walked.url}/v1/totals").json()["issuance"]["issued_t"]
    assert issued == 2
    assert "our own count: 3696.6374 kWh" in printed
    assert "period-not-eligible" in printed
    assert "39.19 %, above 30 %" in printed


def test_every_line_the_guide_shows_was_printed(walked, called):
    printed = set(walked.printed.splitlines()) | set(called.splitlines())
    shown = [line for text in fences("text") for line in text.splitlines()]
    assert len(shown) > 80
    assert [line for line in shown if line not in printed] == []


def test_every_call_of_the_guide_prints_what_the_guide_shows(called):
    """Nothing that a call prints is left out of the guide."""
    shown = {line for text in fences("text") for line in text.splitlines()}
    assert [line for line in called.splitlines() if line not in shown] == []


def test_every_number_of_the_text_was_printed(walked):
    """Numbers outside the fences and of no name: each is one that the command printed, or its start."""
    text = FENCE.sub("", GUIDE.read_text("utf-8"))
    text = re.sub(r"`[^`]*`|\bR\d+\b|\+\d\d:\d\d|\d\d:\d\d", " ", text)
    said = {found.replace(",", "") for found in NUMBER.findall(text)}
    known = set(re.findall(r"\d+(?:\.\d+)?", walked.printed))
    assert "3696.6374" in said
    assert {n for n in said if not (n in known or _begins(n, known))} == set()


def _begins(number: str, known: set[str]) -> bool:
    return "." in number and any(each.startswith(number) for each in known)


def test_a_second_walk_on_the_same_platform_says_why_not(walked):
    done = walkthrough(
        "--url", walked.url, "--credentials", str(walked.credentials), "--data", str(DATA)
    )
    assert done.returncode == 1
    assert "site-taken" in done.stdout


def test_a_folder_without_the_files_is_named(tmp_path):
    done = walkthrough("--data", str(tmp_path))
    assert done.returncode == 1
    assert "pvanalytics_nrel_RSF_II.csv does not exist" in done.stdout.replace("\n", "")
