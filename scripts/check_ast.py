"""House rules that ruff and import-linter cannot see. Usage: check_ast.py [FILE...]

THT001  `.commit()` outside tht_kit.db: the edge owns the transaction.
THT002  the system clock outside tht_kit.clock: a moment is handed in, so the sandbox clock rules.
THT003  uuid1/uuid4 outside tht_kit.ids: ids are UUIDv7 made by new_id().
THT004  asyncio.create_task/ensure_future outside tht_kit.supervisor: a lost task hides its error.
THT005  SQL (select, insert, update, delete, text) outside repository files; the kit is excepted,
        and `text` in models.py, where it is DDL.
THT006  a default in an answer's schema: an answer names every field, so a forgotten one is an
        error. Answers are found by use: the return annotations and response_model of the routes in
        endpoints.py, and every class of the slice's schemas.py reachable from them.
THT007  a session dependency without scope="function": it would commit after the answer has left.
THT008  float() or a float literal in the rules of the issuance, trading and points ledgers.
THT000  a waiver that gives no reason, or that nothing on its line needs.

A line is excepted by `# tht: allow THT005 <reason>` at its end.
"""

import ast
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("shared/src", "gateway/src", "deploy/embedded/src", "services/*/src")

CLOCK = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
}
RANDOM_IDS = {"uuid.uuid1", "uuid.uuid4"}
TASKS = {"asyncio.create_task", "asyncio.ensure_future"}
STATEMENTS = {"select", "insert", "update", "delete", "text"}
SESSIONS = {"write_session", "read_session"}
ROUTE_METHODS = {"get", "post", "put", "patch", "delete"}
LEDGERS = ("issuance-svc", "trading-svc", "points-svc")
RULE_FILES = {"service.py", "rules.py", "models.py", "repository.py"}

WAIVER = re.compile(r"#\s*tht: allow (?P<code>THT\d{3})\b(?P<reason>.*)")


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code} {self.message}"


@dataclass(frozen=True)
class Source:
    """One parsed file. `names` maps what the file imported to where it came from."""

    path: str
    tree: ast.Module
    names: dict[str, str]
    waivers: dict[int, tuple[str, str]]

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    def is_module(self, dotted: str) -> bool:
        return self.path.endswith("src/" + dotted.replace(".", "/") + ".py")

    @property
    def in_kit(self) -> bool:
        return "shared/src/tht_kit/" in self.path

    def origin(self, node: ast.expr) -> str:
        """Return the dotted name behind an expression, `sa.select` as sqlalchemy.select."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.origin(node.value)}.{node.attr}"
        return ""


def read(path: Path, shown: str) -> Source:
    with tokenize.open(path) as file:
        text = file.read()
    tree = ast.parse(text, filename=shown)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    waivers = {
        number: (found["code"], found["reason"].strip())
        for number, line in enumerate(text.splitlines(), 1)
        if (found := WAIVER.search(line))
    }
    return Source(shown, tree, names, waivers)


def check_calls(source: Source) -> Iterator[Finding]:
    """Rules that look at one expression at a time."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            for code, message in judge_call(source, node):
                yield Finding(source.path, node.lineno, code, message)
        elif isinstance(node, ast.Constant) and isinstance(node.value, float) and is_rule(source):
            yield Finding(source.path, node.lineno, "THT008", f"float literal {node.value}")


def judge_call(source: Source, call: ast.Call) -> Iterator[tuple[str, str]]:
    origin = source.origin(call.func)
    if (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "commit"
        and not (call.args or call.keywords)  # aiokafka's commit(offsets) is another thing
        and not source.is_module("tht_kit.db")
    ):
        yield "THT001", "commit() outside tht_kit.db"
    if origin in CLOCK and not source.is_module("tht_kit.clock"):
        yield "THT002", f"{origin}() outside tht_kit.clock: take `now` as an argument"
    if origin in RANDOM_IDS and not source.is_module("tht_kit.ids"):
        yield "THT003", f"{origin}() outside tht_kit.ids: use new_id()"
    if (origin in TASKS or is_loop_task(source, call.func)) and not source.is_module(
        "tht_kit.supervisor"
    ):
        yield "THT004", f"{ast.unparse(call.func)}() outside tht_kit.supervisor"
    if is_statement(source, origin):
        yield "THT005", f"{origin}() outside a repository file"
    if origin.endswith("Depends") and call.args:
        wanted = source.origin(call.args[0]).rsplit(".", 1)[-1]
        if wanted in SESSIONS and not has_function_scope(call):
            yield "THT007", f'Depends({wanted}) without scope="function"'
    if origin == "float" and is_rule(source):
        yield "THT008", "float() in a ledger's rules: use integers or Decimal"


def is_loop_task(source: Source, function: ast.expr) -> bool:
    """Say whether this is create_task of an event loop; that of a TaskGroup is fine."""
    if not (isinstance(function, ast.Attribute) and function.attr == "create_task"):
        return False
    owner = function.value.func if isinstance(function.value, ast.Call) else function.value
    return source.origin(owner).endswith("loop")


def is_statement(source: Source, origin: str) -> bool:
    package, _, name = origin.rpartition(".")
    if not package.startswith("sqlalchemy") or name not in STATEMENTS:
        return False
    if source.in_kit or "/migrations/" in source.path:
        return False
    if source.name == "models.py" and name == "text":
        return False
    return not source.name.removesuffix(".py").endswith("repository")


def has_function_scope(call: ast.Call) -> bool:
    return any(
        keyword.arg == "scope"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value == "function"
        for keyword in call.keywords
    )


def is_rule(source: Source) -> bool:
    return source.name in RULE_FILES and any(
        f"services/{svc}/src" in source.path for svc in LEDGERS
    )


def check_answers(endpoints: Source, schemas: Source) -> Iterator[Finding]:
    """THT006 for one slice: no defaults in any class that an answer is made of."""
    classes = {node.name: node for node in schemas.tree.body if isinstance(node, ast.ClassDef)}
    waiting = set(answer_names(endpoints)) & set(classes)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        node = classes[name]
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign):
                if statement.value is not None and gives_default(schemas, statement):
                    field = ast.unparse(statement.target)
                    message = f"{name}.{field} is part of an answer and has a default"
                    yield Finding(schemas.path, statement.lineno, "THT006", message)
                waiting |= words(statement.annotation) & set(classes) - seen
        for base in node.bases:
            waiting |= words(base) & set(classes) - seen


def answer_names(endpoints: Source) -> Iterator[str]:
    """Names in the return annotations and response_model arguments of the routes."""
    for node in ast.walk(endpoints.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        routes = [
            decorator
            for decorator in node.decorator_list
            if isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr in ROUTE_METHODS
        ]
        if routes and node.returns is not None:
            yield from words(node.returns)
        for route in routes:
            for keyword in route.keywords:
                if keyword.arg == "response_model":
                    yield from words(keyword.value)


def gives_default(source: Source, statement: ast.AnnAssign) -> bool:
    if ast.unparse(statement.annotation).startswith("ClassVar") or statement.value is None:
        return False
    value = statement.value
    if not (isinstance(value, ast.Call) and source.origin(value.func).endswith("Field")):
        return True
    if any(keyword.arg in {"default", "default_factory"} for keyword in value.keywords):
        return True
    first = value.args[0] if value.args else None
    return first is not None and not (isinstance(first, ast.Constant) and first.value is ...)


def words(annotation: ast.expr) -> set[str]:
    """Every plain name in an annotation, quoted ones too."""
    found: set[str] = set()
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(re.findall(r"\w+", node.value))
    return found


def apply_waivers(source: Source, findings: Iterable[Finding]) -> Iterator[Finding]:
    needed: set[int] = set()
    for finding in findings:
        waiver = source.waivers.get(finding.line)
        if waiver and waiver[0] == finding.code:
            needed.add(finding.line)
            if not waiver[1]:
                message = f"the waiver of {finding.code} gives no reason"
                yield Finding(source.path, finding.line, "THT000", message)
        else:
            yield finding
    for line, (code, _) in source.waivers.items():
        if line not in needed:
            yield Finding(source.path, line, "THT000", f"nothing here needs a waiver of {code}")


def check(paths: Iterable[Path], root: Path = ROOT) -> list[Finding]:
    """Return every finding in the files, sorted."""
    sources = {path: read(path, path.relative_to(root).as_posix()) for path in paths}
    findings: dict[Path, list[Finding]] = {path: [] for path in sources}
    for path, source in sources.items():
        findings[path] += check_calls(source)
        endpoints = sources.get(path.with_name("endpoints.py"))
        if path.name == "schemas.py" and endpoints is not None:
            findings[path] += check_answers(endpoints, source)
    return sorted(
        kept for path, source in sources.items() for kept in apply_waivers(source, findings[path])
    )


def source_files(root: Path = ROOT) -> list[Path]:
    return sorted(
        file for pattern in SOURCES for top in root.glob(pattern) for file in top.rglob("*.py")
    )


def main(arguments: list[str]) -> int:
    paths = [Path(name).resolve() for name in arguments] or source_files()
    findings = check(paths)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
