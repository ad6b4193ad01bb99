"""Sizes stay readable: "look again" warns, "stop" fails (docs: CONTRIBUTING.md).

Lines are counted as they stand in the file; a function's without its docstring. A line of
scripts/size_waivers.txt lifts one "stop": `path[::function] reason`.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WAIVERS = ROOT / "scripts/size_waivers.txt"
SOURCES = ("shared/src/*", "gateway/src/*", "deploy/embedded/src/*", "services/*/src/*")

FUNCTION = (40, 70)
FILE = (400, 600)
FILES = {
    "endpoints.py": (300, 500),
    "service.py": (400, 600),
    "repository.py": (250, 400),
    "schemas.py": (250, 400),
    "consumers.py": (150, 300),
    "models.py": (300, 500),
}
SLICE_FILES_LOOK = 12
SERVICE_LINES_LOOK = 10_000
KIT_LINES = (6_500, 7_000)  # docs/decisions/0024, 0028; without tht_kit.testing


@dataclass(frozen=True)
class Finding:
    where: str
    what: str
    size: int
    look: int
    stop: int | None

    @property
    def stops(self) -> bool:
        return self.stop is not None and self.size > self.stop

    def __str__(self) -> str:
        verdict = f"stop at {self.stop}" if self.stops else f"look again at {self.look}"
        return f"{self.where}: {self.what}, {self.size} lines or files ({verdict})"


def over(where: str, what: str, size: int, look: int, stop: int | None) -> Iterator[Finding]:
    if size > look:
        yield Finding(where, what, size, look, stop)


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, the docstring left out."""
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


def check_file(path: Path, shown: str) -> Iterator[Finding]:
    text = path.read_text(encoding="utf-8")
    look, stop = FILES.get(path.name, FILE)
    yield from over(shown, "file", text.count("\n"), look, stop)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from over(f"{shown}::{node.name}", "function", function_lines(node), *FUNCTION)


def check_packages(packages: Iterable[Path], root: Path) -> Iterator[Finding]:
    """Sizes of whole slices, services and the kit."""
    for package in packages:
        shown = package.relative_to(root).as_posix()
        in_kit = package.name == "tht_kit"
        files = [
            file
            for file in package.rglob("*.py")
            if not (in_kit and package / "testing" in file.parents)
        ]
        lines = sum(file.read_text(encoding="utf-8").count("\n") for file in files)
        if in_kit:
            yield from over(shown, "kit", lines, *KIT_LINES)
        else:
            yield from over(shown, "package", lines, SERVICE_LINES_LOOK, None)
        if "services" in package.parts:
            for part in sorted(package.iterdir()):
                inside = len([file for file in part.glob("*.py") if file.name != "__init__.py"])
                yield from over(f"{shown}/{part.name}", "slice", inside, SLICE_FILES_LOOK, None)


def read_waivers(path: Path) -> dict[str, str]:
    """Return the reason by place. Raises SystemExit for a line without a reason."""
    waivers: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if not line.strip() or line.startswith("#"):
            continue
        place, _, reason = line.partition(" ")
        if not reason.strip():
            raise SystemExit(f"{path.name}: {place} has no reason")
        waivers[place] = reason.strip()
    return waivers


def check(root: Path = ROOT) -> list[Finding]:
    """Return every finding of the tree, warnings and stops."""
    packages = sorted(
        path
        for pattern in SOURCES
        for path in root.glob(pattern)
        if (path / "__init__.py").exists()
    )
    findings = list(check_packages(packages, root))
    for package in packages:
        for file in sorted(package.rglob("*.py")):
            findings += check_file(file, file.relative_to(root).as_posix())
    return findings


def main(root: Path = ROOT, waiver_file: Path = WAIVERS) -> int:
    waivers = read_waivers(waiver_file)
    findings = check(root)
    stops = [finding for finding in findings if finding.stops and finding.where not in waivers]
    for finding in findings:
        if finding.where in waivers:
            continue
        print(f"{'STOP' if finding.stops else 'warn'} {finding}")
    unused = set(waivers) - {finding.where for finding in findings if finding.stops}
    for place in sorted(unused):
        print(f"STOP {waiver_file.name}: {place} needs no waiver any more")
    return 1 if stops or unused else 0


if __name__ == "__main__":
    sys.exit(main())
