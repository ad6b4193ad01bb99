"""The maps from R1 to R21 to the tests that show them lead to tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAPS = sorted(ROOT.glob("services/*/tests/*/rules/README.md"))
RULES = [f"R{number}" for number in range(1, 22)]


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


def rows_of(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the tests that a map names, by rule, each as its file and its name."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "::" in line]
    cells = [line.strip("|").split("|") for line in lines]
    return {
        rule.strip(): [(file, name) for file, name in re.findall(r"`([^`]+)::([^`]+)`", shown)]
        for rule, _, shown in cells
    }


def test_there_is_a_map_in_both_services():
    assert [path.parts[-5] for path in MAPS] == ["issuance-svc", "registry-svc"]


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.parts[-5])
def test_every_rule_leads_to_tests_that_exist(path):
    rows = rows_of(path)
    assert list(rows) == RULES
    lost = [
        f"{rule}: {file}::{name}"
        for rule, named in rows.items()
        for file, name in named
        if not (ROOT / file).is_file() or name not in names_in(file)
    ]
    assert lost == []
    assert all(rows.values())


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.parts[-5])
def test_the_map_agrees_with_the_table_beside_it(path):
    """A rule that the table plays is mapped to the table, and no other rule is."""
    table = path.with_name("test_rules_table.py").relative_to(ROOT).as_posix()
    tree = ast.parse((ROOT / table).read_text(encoding="utf-8"))
    played = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Row"
        if isinstance(node.args[0], ast.Constant)
    }
    mapped = {rule for rule, named in rows_of(path).items() if table in {file for file, _ in named}}
    assert mapped == played
