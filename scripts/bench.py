"""Measures the speed goals: bench.py [--only NAME]. Prints a table and writes build/bench.json.

Each tests/load/bench_<name>.py has `figures()`, a coroutine that returns its figures: name, value,
unit, beside (what it stands beside in the same run), ratio, goal, holds. Only ratios within one run
are compared: machines differ, and so does one machine from hour to hour.
"""

import argparse
import asyncio
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOAD = ROOT / "tests/load"
OUTPUT = ROOT / "build/bench.json"
FIELDS = ("name", "value", "unit", "beside", "ratio", "goal", "holds")


def names(folder: Path = LOAD) -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in folder.glob("bench_*.py"))


def measure(name: str, folder: Path = LOAD) -> list[dict[str, Any]]:
    """Run one benchmark. Raises ValueError when a figure lacks a field."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", folder / f"bench_{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    figures: list[dict[str, Any]] = asyncio.run(module.figures())
    for figure in figures:
        missing = [field for field in FIELDS if field not in figure]
        if missing:
            raise ValueError(f"bench_{name}: a figure lacks {', '.join(missing)}")
    return figures


def table(figures: list[dict[str, Any]]) -> str:
    """Return the figures as lines of text."""
    lines = []
    for figure in figures:
        verdict = "holds" if figure["holds"] else "MISSES"
        value = f"{figure['value']} {figure['unit']}"
        lines.append(f"{figure['name']:28} {value:>18}  ratio {figure['ratio']:<8} {verdict}")
        lines.append(f"{'':28} goal {figure['goal']}; beside {figure['beside']}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None, folder: Path = LOAD, output: Path = OUTPUT) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=names(folder))
    given = parser.parse_args(arguments)
    figures: list[dict[str, Any]] = []
    for name in [given.only] if given.only else names(folder):
        print(f"measuring {name} ...", flush=True)
        found = measure(name, folder)
        print(table(found), flush=True)
        figures += found
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {output}")
    return 0 if all(figure["holds"] for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
