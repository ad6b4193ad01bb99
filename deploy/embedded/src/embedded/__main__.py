"""The command line of the embedded platform: python -m embedded run | demo | walkthrough."""

import time

STARTED_AT_S = time.monotonic()  # before the imports below: a person waits for them too

import argparse  # noqa: E402
import asyncio  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Callable, Coroutine  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import httpx  # noqa: E402
from rich.console import Console  # noqa: E402

from embedded.demo.client import Refused  # noqa: E402
from embedded.demo.main import run_demo  # noqa: E402
from embedded.demo.run import DemoImpossible  # noqa: E402
from embedded.demo.scenario import ScenarioError, load_scenario  # noqa: E402
from embedded.partners import CREDENTIALS, load_directory  # noqa: E402
from embedded.serve import AddressInUse, serve  # noqa: E402
from embedded.walkthrough.main import run_walkthrough  # noqa: E402
from embedded.walkthrough.plan import Plan, load_plan  # noqa: E402
from tht_kit.embedded_pg import AlreadyRunning, EmbeddedPostgresError  # noqa: E402

ROOT = Path(__file__).resolve().parents[4]
DATA_DIR = ROOT / "var" / "embedded"
REAL_FILES = ROOT.parent / "shared" / "data"
SAMPLE = ROOT / "deploy/embedded/scenarios/chongqing/scenario.yaml"
PORT = "8000"
PORT_MAX = 65_535
SWITCH = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}
EXIT_INTERRUPTED = 130
# What runs against a platform, its address and the partners' secrets given; whether all of it held.
Steps = Callable[[str, dict[str, str]], Coroutine[Any, Any, bool]]

# Written to a file or a pipe, the table keeps its columns.
console = Console(width=None if sys.stdout.isatty() else 160)


class Unusable(Exception):
    """What the command was given cannot be used; the message says what to give."""


def main() -> int:
    arguments = _parser().parse_args()
    try:
        return int(arguments.command(arguments))
    except AlreadyRunning as error:
        console.print(f"碳汇通已在运行 / already running: {error}", highlight=False)
    except httpx.TransportError as error:
        console.print(
            f"[red]平台没有应答 / the platform does not answer: {error}[/red]", highlight=False
        )
    except (
        ScenarioError,
        DemoImpossible,
        Refused,
        EmbeddedPostgresError,
        AddressInUse,
        Unusable,
    ) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="the whole platform in one process, no Docker, no Java")
    run.add_argument(
        "--data-dir", type=Path, help="where all data lives; also DATA_DIR (default: var/embedded)",
        default=Path(os.environ.get("DATA_DIR") or DATA_DIR),
    )  # fmt: skip
    run.add_argument(
        "--host",
        default=os.environ.get("HOST") or "127.0.0.1",
        help="address to listen on; also HOST",
    )
    run.add_argument(
        "--port", type=_port, default=os.environ.get("PORT") or PORT,
        help="port to listen on, 0 for a free one; also PORT (default: 8000)",
    )  # fmt: skip
    run.epilog = "SANDBOX=0 turns the movable clock off; it is on by default in this trial mode."
    run.set_defaults(command=_run)
    demo = commands.add_parser("demo", help="the seven steps of the main job")
    demo.add_argument("--scenario", type=Path, default=SAMPLE, help="the scenario file (YAML)")
    demo.set_defaults(command=_demo)
    walkthrough = commands.add_parser("walkthrough", help="real files, from file to serials")
    walkthrough.add_argument(
        "--data", type=Path, default=REAL_FILES,
        help="the folder of the real files (default: ../shared/data beside the checkout)",
    )  # fmt: skip
    walkthrough.set_defaults(command=_walkthrough)
    for command in (demo, walkthrough):
        command.add_argument(
            "--url", default="", help="a running platform; without it one is started"
        )
        command.add_argument(
            "--credentials", type=Path, help="the running platform's credentials.json",
            default=Path(os.environ.get("DATA_DIR") or DATA_DIR) / CREDENTIALS,
        )  # fmt: skip
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(
            f"{text} is not a port: give a number from 0 to {PORT_MAX}"
        )
    return int(text)


def _sandbox() -> bool:
    given = os.environ.get("SANDBOX") or "1"
    if given.lower() not in SWITCH:
        raise Unusable(f"SANDBOX is {given}: set it to 1 (a movable clock) or 0 (real time only).")
    return SWITCH[given.lower()]


def _run(arguments: argparse.Namespace) -> int:
    sandbox = _sandbox()
    serve(
        arguments.data_dir,
        host=arguments.host,
        port=arguments.port,
        sandbox=sandbox,
        on_ready=lambda url: _welcome(arguments.data_dir, url, sandbox=sandbox),
    )
    return 0


def _welcome(data_dir: Path, url: str, *, sandbox: bool) -> None:
    credentials = json.loads((data_dir / CREDENTIALS).read_text())
    width = max(map(len, credentials))
    secret = credentials["bike-partner"]
    took_s = time.monotonic() - STARTED_AT_S
    elsewhere = "" if data_dir == DATA_DIR else f" CREDENTIALS={data_dir / CREDENTIALS}"
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
        f"  curl -s -u bike-partner:{secret} -d grant_type=client_credentials {url}/oauth2/token",
        f"  curl -s {url}/v1/totals",
        f"  make demo URL={url}{elsewhere}      # the main job, in another terminal",
        "停止 / stop: Ctrl-C",
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _demo(arguments: argparse.Namespace) -> int:
    directory = load_directory()
    scenario = load_scenario(arguments.scenario, partners={p.client_id for p in directory.partners})

    async def steps(url: str, secrets: dict[str, str]) -> bool:
        return await run_demo(
            scenario,
            arguments.scenario,
            url=url,
            secrets=secrets,
            directory=directory,
            console=console,
        )

    return _on_a_platform(arguments, steps)


def _walkthrough(arguments: argparse.Namespace) -> int:
    plan: Plan = load_plan(arguments.data.resolve())

    async def steps(url: str, secrets: dict[str, str]) -> bool:
        return await run_walkthrough(
            plan,
            arguments.data.resolve(),
            url=url,
            secrets=secrets,
            directory=load_directory(),
            console=console,
        )

    return _on_a_platform(arguments, steps)


def _on_a_platform(arguments: argparse.Namespace, steps: Steps) -> int:
    """Run the steps against the platform that was named, else against one of their own."""
    if not arguments.url:
        return _on_own_platform(steps)
    if not arguments.credentials.is_file():
        raise Unusable(
            f"{arguments.credentials} does not exist: name the credentials.json in the running"
            " platform's data folder with CREDENTIALS=..."
        )
    secrets = json.loads(arguments.credentials.read_text())
    return 0 if asyncio.run(steps(arguments.url, secrets)) else 1


def _on_own_platform(steps: Steps) -> int:
    data_dir = Path(tempfile.mkdtemp(prefix="tanhuitong-demo-"))
    data_dir.chmod(0o711)  # root's postgres runs as another user and must be able to pass
    outcome = 1

    def on_ready(url: str) -> None:
        took_s = time.monotonic() - STARTED_AT_S
        console.print(f"平台已启动 / platform started: {url} ({took_s:.1f} s)", highlight=False)

    async def during(url: str) -> None:
        nonlocal outcome
        secrets = json.loads((data_dir / CREDENTIALS).read_text())
        outcome = 0 if await steps(url, secrets) else 1

    try:
        serve(data_dir, host="127.0.0.1", port=0, sandbox=True, on_ready=on_ready, during=during)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    console.print(
        "演示平台已停止 / the demo's platform has ended; `make run` keeps one", highlight=False
    )
    return outcome


if __name__ == "__main__":
    sys.exit(main())
