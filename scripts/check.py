"""Runs every gate and says how long each took. Usage: check.py [GATE...]

Gates do not depend on each other; two run at a time. What a gate has to say is printed under its
line, so a green run is a list of ten lines.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv/bin"
PARALLEL = 2

MEMBERS = ("shared", "gateway", "deploy/embedded", "services")


@dataclass(frozen=True)
class Result:
    gate: str
    passed: bool
    seconds: float
    output: str


def python(script: str, *arguments: str) -> list[str]:
    return [str(BIN / "python"), f"scripts/{script}", *arguments]


def tool(name: str, *arguments: str) -> list[str]:
    return [str(BIN / name), *arguments]


def shown(paths: Iterable[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def type_targets() -> list[str]:
    """Sources, tests and scripts; migrations are Alembic's own dialect."""
    folders = [
        path
        for pattern in ("**/src/*", "**/tests/*")
        for top in MEMBERS
        for path in sorted((ROOT / top).glob(pattern))
        if path.is_dir()
    ]
    folders += sorted(path for path in (ROOT / "tests").iterdir() if path.is_dir())
    kept = [folder for folder in folders if any(folder.rglob("*.py"))]
    return shown([*kept, *sorted((ROOT / "scripts").glob("*.py"))])


def shell_scripts() -> list[str]:
    """Every script of these folders that begins with #!/bin/sh."""
    folders = ("scripts", ".ci", "deploy/docker")
    candidates = sorted(path for folder in folders for path in (ROOT / folder).glob("*"))
    return shown(
        path for path in candidates if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")
    )


def gates() -> dict[str, list[list[str]]]:
    """Return the commands of each gate; the slow one first."""
    return {
        "types": [tool("mypy", "--hide-error-context", "--no-error-summary", *type_targets())],
        "format": [tool("ruff", "format", "--check", "--quiet", ".")],
        "lint": [tool("ruff", "check", "--quiet", ".")],
        "rules": [python("check_ast.py")],
        "sizes": [python("check_sizes.py")],
        "imports": [
            python("import_contracts.py", "--check"),
            tool("lint-imports", "--no-logo"),
        ],
        "contracts": [python("export_contracts.py", "--check")],
        "compatible": [python("check_contracts.py")],
        "lock": [["scripts/lock", "--check"]],
        "compose": [
            tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")
        ],
        "shell": [["sh", "-n", path] for path in shell_scripts()],
    }


def run(gate: str, commands: list[list[str]]) -> Result:
    started = time.monotonic()
    output, passed = "", True
    for command in commands:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        # A green gate keeps its warnings, not its congratulations.
        kept = done.stdout.splitlines()
        if done.returncode == 0:
            kept = [line for line in kept if line.startswith("warn")]
        kept = [line for line in kept if line.strip() and not line.endswith(" KEPT")]
        output += "".join(f"    {line}\n" for line in kept)
        passed = passed and done.returncode == 0
    return Result(gate, passed, time.monotonic() - started, output)


def main(wanted: list[str]) -> int:
    known = gates()
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        print(f"no gate {', '.join(unknown)}; there are: {', '.join(known)}")
        return 2
    chosen = {name: known[name] for name in wanted or known}
    started = time.monotonic()
    with ThreadPoolExecutor(PARALLEL) as pool:
        results = list(pool.map(lambda item: run(*item), chosen.items()))
    for result in results:
        verdict = "ok" if result.passed else "FAILED"
        print(f"{result.gate:12} {verdict:7} {result.seconds:5.1f} s")
        print(result.output, end="")
    failed = [result.gate for result in results if not result.passed]
    total_s = time.monotonic() - started
    print(f"{len(results) - len(failed)} of {len(results)} gates passed in {total_s:.1f} s")
    if failed:
        print(f"failed: {', '.join(failed)}; one alone: make check ONLY={failed[0]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
