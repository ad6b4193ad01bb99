"""Refuses a breaking change of a published contract within its major version.

Each file under docs/events and docs/openapi is compared with the newest committed version that
differs from it, so a breaking change is refused before the commit and in CI after it. Refused are:
something removed, retyped, newly required, an enum or a limit narrowed; for answers only what takes
something away from a reader. A break that is meant (before the first release, or with all readers
changed together) is one line in scripts/contract_waivers.txt; the check prints the line to add.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parent.parent
WAIVERS = "scripts/contract_waivers.txt"
FOLDERS = ("docs/events", "docs/openapi")
HISTORY_MAX = 20

# An event is read by old consumers and replayed to new ones; a request is only read by us, an
# answer only by others.
Side = Literal["event", "request", "answer"]
Json = Any

# Raising a lower limit or lowering an upper one refuses what was allowed before.
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
ROUTING = ("x-topic", "x-key", "x-owner")


@dataclass(frozen=True)
class Pair:
    """Two versions of one schema and the documents their references point into."""

    old: Json
    new: Json
    old_document: Json
    new_document: Json
    side: Side
    where: str

    def inner(self, old: Json, new: Json, name: str) -> "Pair":
        where = f"{self.where}.{name}" if self.where else name
        return Pair(old, new, self.old_document, self.new_document, self.side, where)


def resolve(schema: Json, document: Json) -> Json:
    while "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        schema = found
    return schema


def members(schema: Json, document: Json) -> list[Json]:
    """Return the alternatives of a schema, references and unions opened."""
    schema = resolve(schema, document)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return [inner for part in schema[union] for inner in members(part, document)]
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return members(schema["allOf"][0], document)
    return [schema]


def kind(schema: Json) -> tuple[str, str, str]:
    """What a schema stands for: its type, format, and for objects their name."""
    declared = schema.get("type")
    if declared is None and "const" in schema:
        declared = type(schema["const"]).__name__
    if declared is None and "enum" in schema:
        declared = "string" if all(isinstance(v, str) for v in schema["enum"]) else "enum"
    name = schema.get("title", "") if declared == "object" else ""
    return str(declared or "any"), schema.get("format", ""), name


def breaks(pair: Pair, seen: frozenset[tuple[int, int]] = frozenset()) -> Iterator[str]:
    """Yield a sentence for each way in which the new schema breaks the old one."""
    old = members(pair.old, pair.old_document)
    new = members(pair.new, pair.new_document)
    if len(old) == len(new) == 1:
        # A class may be renamed; what counts is what is inside it.
        if kind(old[0])[:2] != kind(new[0])[:2]:
            yield f"{pair.where}: retyped from {shown(old)} to {shown(new)}"
            return
        matches = [(old[0], new[0])]
    else:
        old_kinds, new_kinds = {kind(m) for m in old}, {kind(m) for m in new}
        gone, added = old_kinds - new_kinds, new_kinds - old_kinds
        if (gone and pair.side != "answer") or (added and pair.side != "request"):
            yield f"{pair.where}: retyped from {shown(old)} to {shown(new)}"
        by_kind = {kind(m): m for m in new}
        matches = [(m, by_kind[kind(m)]) for m in old if kind(m) in by_kind]
    for before, after in matches:
        key = (id(before), id(after))
        if key not in seen:
            yield from member_breaks(pair.inner(before, after, ""), pair.where, seen | {key})


def shown(schemas: list[Json]) -> str:
    return " | ".join("/".join(part for part in kind(schema) if part) for schema in schemas)


def member_breaks(pair: Pair, where: str, seen: frozenset[tuple[int, int]]) -> Iterator[str]:
    old, new = pair.old, pair.new
    pair = Pair(old, new, pair.old_document, pair.new_document, pair.side, where)
    yield from value_breaks(pair)
    old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
    old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(old_fields.keys() - new_fields.keys()):
        yield f"{where}.{name}: removed"
    if pair.side != "answer":
        for name in sorted(new_required - old_required):
            yield f"{where}.{name}: newly required"
    if pair.side != "request":
        for name in sorted((old_required - new_required) & new_fields.keys()):
            yield f"{where}.{name}: no longer always there"
    for name in sorted(old_fields.keys() & new_fields.keys()):
        yield from breaks(pair.inner(old_fields[name], new_fields[name], name), seen)
    for part in ("items", "additionalProperties"):
        before, after = old.get(part), new.get(part)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from breaks(pair.inner(before, after, "[]"), seen)
        elif pair.side != "answer" and before is not False and after is False:
            yield f"{where}: other fields are refused now"


def values(schema: Json) -> set[str] | None:
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return None if allowed is None else {json.dumps(value) for value in allowed}


def value_breaks(pair: Pair) -> Iterator[str]:
    """Enums, limits and patterns: what was allowed must stay allowed, unless only we write it."""
    old, new = pair.old, pair.new
    before, after = values(old), values(new)
    if pair.side == "answer":
        return
    if after is not None and (before is None or before - after):
        gone = "any value" if before is None else ", ".join(sorted(before - after))
        yield f"{pair.where}: enum narrowed, gone: {gone}"
    for name in LOWER:
        if name in new and new[name] > old.get(name, float("-inf")):
            yield f"{pair.where}: {name} raised to {new[name]}"
    for name in UPPER:
        if name in new and new[name] < old.get(name, float("inf")):
            yield f"{pair.where}: {name} lowered to {new[name]}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{pair.where}: pattern changed to {new['pattern']}"


def event_breaks(old: Json, new: Json) -> Iterator[str]:
    """Compare two versions of an event's schema."""
    for name in ROUTING:
        if old.get(name) != new.get(name):
            yield f"{name}: changed from {old.get(name)} to {new.get(name)}"
    yield from breaks(Pair(old, new, old, new, "event", ""))


def openapi_breaks(old: Json, new: Json) -> Iterator[str]:
    """Compare two versions of an OpenAPI document, operation by operation."""
    for path, operations in old.get("paths", {}).items():
        for method, before in operations.items():
            after = new.get("paths", {}).get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if not isinstance(before, dict) or "responses" not in before:
                continue
            if after is None:
                yield f"{where}: removed"
                continue
            yield from parameter_breaks(where, before, after, old, new)
            yield from body_breaks(where, before, after, old, new)
            yield from response_breaks(where, before, after, old, new)


def parameter_breaks(where: str, before: Json, after: Json, old: Json, new: Json) -> Iterator[str]:
    def indexed(operation: Json, document: Json) -> dict[tuple[str, str], Json]:
        found = [resolve(parameter, document) for parameter in operation.get("parameters", [])]
        return {(parameter["in"], parameter["name"]): parameter for parameter in found}

    olds, news = indexed(before, old), indexed(after, new)
    for key in sorted(olds.keys() - news.keys()):
        yield f"{where} {key[0]} {key[1]}: removed"
    for key, parameter in sorted(news.items()):
        was = olds.get(key)
        if parameter.get("required") and not (was and was.get("required")):
            yield f"{where} {key[0]} {key[1]}: newly required"
        if was and "schema" in was and "schema" in parameter:
            label = f"{where} {key[0]} {key[1]}"
            schemas = was["schema"], parameter["schema"]
            yield from breaks(Pair(*schemas, old, new, "request", label))


def content(part: Json, document: Json) -> dict[str, Json]:
    return dict(resolve(part or {}, document).get("content", {}))


def body_breaks(where: str, before: Json, after: Json, old: Json, new: Json) -> Iterator[str]:
    olds = content(before.get("requestBody"), old)
    news = content(after.get("requestBody"), new)
    if not olds and resolve(after.get("requestBody", {}), new).get("required"):
        yield f"{where} body: newly required"
    for media, was in olds.items():
        if media not in news:
            yield f"{where} body {media}: removed"
        elif "schema" in was and "schema" in news[media]:
            schemas = was["schema"], news[media]["schema"]
            yield from breaks(Pair(*schemas, old, new, "request", f"{where} body"))


def response_breaks(where: str, before: Json, after: Json, old: Json, new: Json) -> Iterator[str]:
    for status, answer in before["responses"].items():
        if not status.startswith("2"):
            continue  # problem documents have one shape of their own
        label = f"{where} {status}"
        if status not in after["responses"]:
            yield f"{label}: removed"
            continue
        news = content(after["responses"][status], new)
        for media, was in content(answer, old).items():
            if media not in news:
                yield f"{label} {media}: removed"
            elif "schema" in was and "schema" in news[media]:
                schemas = was["schema"], news[media]["schema"]
                yield from breaks(Pair(*schemas, old, new, "answer", label))


def compare(path: str, old: Json, new: Json) -> list[str]:
    """Return the breaks of one contract file. Raises ValueError for a file of neither kind."""
    if path.startswith("docs/events/"):
        return list(event_breaks(old, new))
    if path.startswith("docs/openapi/"):
        return list(openapi_breaks(old, new))
    raise ValueError(f"{path} is not a contract")


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else ""


def is_contract(path: str) -> bool:
    return path.endswith(".json") and "/examples/" not in path


def committed(root: Path) -> set[str]:
    """Every contract file that the last commits knew, deleted ones too."""
    listed = git(root, "ls-tree", "-r", "--name-only", "HEAD", *FOLDERS).splitlines()
    deleted = git(
        root,
        "log",
        f"-{HISTORY_MAX}",
        "--diff-filter=D",
        "--name-only",
        "--format=",
        "--",
        *FOLDERS,
    ).splitlines()
    return {path for path in (*listed, *deleted) if is_contract(path)}


def previous(root: Path, path: str, present: str | None) -> str | None:
    """Return the newest committed text of the file that differs from the present one."""
    commits = git(root, "log", f"-{HISTORY_MAX}", "--format=%H", "--", path).split()
    for commit in commits:
        text = git(root, "show", f"{commit}:{path}")
        if text and text != present:
            return text
    return None


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_waivers(root: Path) -> set[tuple[str, str]]:
    """Return (path, fingerprint of the old version). Raises SystemExit for one without a reason."""
    file = root / WAIVERS
    found = set()
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        if not line.strip() or line.startswith("#"):
            continue
        path, old, *reason = line.split()
        if not reason:
            raise SystemExit(f"{WAIVERS}: {path} has no reason")
        found.add((path, old))
    return found


def main(root: Path = ROOT) -> int:
    waivers = read_waivers(root)
    failed = False
    for path in sorted(committed(root)):
        file = root / path
        present = file.read_text(encoding="utf-8") if file.exists() else None
        old = previous(root, path, present)
        if old is None:
            continue
        problems = (
            ["the whole contract is removed"]
            if present is None
            else compare(path, json.loads(old), json.loads(present))
        )
        if not problems or (path, fingerprint(old)) in waivers:
            continue
        failed = True
        print(f"{path} breaks its readers within a major version:")
        for problem in problems:
            print(f"  {problem}")
        print(
            f"  Keep the old form and add a new major beside it, or, if the break is meant, add to\n"
            f"  {WAIVERS}:  {path} {fingerprint(old)} <reason>"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
