"""The command line of the embedded platform: python -m embedded run | demo | up | down | ps | logs."""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from embedded.demo.client import Refused
from embedded.demo.main import run_demo
from embedded.demo.scenario import ScenarioError
from embedded.partners import CREDENTIALS, Directory, load_directory
from embedded.serve import AddressInUse, serve
from tht_kit.embedded_pg import AlreadyRunning, EmbeddedPostgresError

ROOT = Path(__file__).resolve().parents[4]
DATA_DIR = ROOT / "var" / "embedded"
SAMPLE = ROOT / "deploy/embedded/scenarios/chongqing/scenario.yaml"
PORT = 8000

# Written to a file or a pipe, the table keeps its columns.
console = Console(width=None if sys.stdout.isatty() else 160)


def main() -> int:
    arguments = _parser().parse_args()
    try:
        return int(arguments.command(arguments))
    except (ScenarioError, Refused, EmbeddedPostgresError, AddressInUse) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="the whole platform in one process, no Docker, no Java")
    run.add_argument("--data-dir", type=Path, default=Path(os.environ.get("DATA_DIR") or DATA_DIR))
    run.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
    run.add_argument("--port", type=int, default=int(os.environ.get("PORT") or PORT))
    run.set_defaults(command=_run)
    demo = commands.add_parser("demo", help="the seven steps of the main job")
    demo.add_argument("--scenario", type=Path, default=SAMPLE)
    demo.add_argument("--url", default="", help="a running platform; without it one is started")
    demo.add_argument("--credentials", type=Path, default=DATA_DIR / CREDENTIALS)
    demo.set_defaults(command=_demo)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    sandbox = os.environ.get("SANDBOX", "1") == "1"
    try:
        serve(
            arguments.data_dir,
            host=arguments.host,
            port=arguments.port,
            sandbox=sandbox,
            on_ready=lambda url, took_s: _welcome(arguments.data_dir, url, took_s, sandbox=sandbox),
        )
    except AlreadyRunning as error:
        console.print(f"碳汇通已在运行 / already running: {error}", highlight=False)
        return 1
    return 0


def _welcome(data_dir: Path, url: str, took_s: float, *, sandbox: bool) -> None:
    credentials = json.loads((data_dir / CREDENTIALS).read_text())
    width = max(map(len, credentials))
    lines = [
        "",
        f"[bold green]碳汇通已就绪 / Tanhuitong is ready[/bold green]  ({took_s:.1f} s)",
        f"  公开页面 / public page   {url}/",
        f"  接口文档 / API docs      {url}/docs",
        f"  沙箱时钟 / sandbox clock {'on (SANDBOX=1)' if sandbox else 'off (SANDBOX=0)'}",
        f"  数据目录 / data          {data_dir}",
        "",
        "演示伙伴 / demo partners (client_id  client_secret):",
        *(f"  {name:<{width}}  {secret}" for name, secret in credentials.items()),
        "",
        "接下来 / try next:",
        f"  curl -s -u bike-partner:{credentials['bike-partner']} -d grant_type=client_credentials {url}/oauth2/token",
        f"  curl -s {url}/v1/totals",
        f"  make demo URL={url}      # the seven steps of the main job, in another terminal",
        "停止 / stop: Ctrl-C",
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _demo(arguments: argparse.Namespace) -> int:
    directory = load_directory()
    if arguments.url:
        secrets = json.loads(arguments.credentials.read_text())
        return _steps(arguments.scenario, arguments.url, secrets, directory)
    data_dir = Path(tempfile.mkdtemp(prefix="tanhuitong-demo-"))
    data_dir.chmod(0o711)  # root's postgres runs as another user and must be able to pass
    started_at = time.monotonic()
    outcome = 1

    def on_ready(url: str, _took_s: float) -> None:
        console.print(
            f"平台已启动 / platform started: {url} ({time.monotonic() - started_at:.1f} s)"
        )

    async def during(url: str) -> None:
        nonlocal outcome
        secrets = json.loads((data_dir / CREDENTIALS).read_text())
        outcome = await _steps_at(arguments.scenario, url, secrets, directory)

    try:
        serve(data_dir, host="127.0.0.1", port=0, sandbox=True, on_ready=on_ready, during=during)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    return outcome


def _steps(scenario: Path, url: str, secrets: dict[str, str], directory: Directory) -> int:
    return asyncio.run(_steps_at(scenario, url, secrets, directory))


async def _steps_at(scenario: Path, url: str, secrets: dict[str, str], directory: Directory) -> int:
    holds = await run_demo(scenario, url=url, secrets=secrets, directory=directory, console=console)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
