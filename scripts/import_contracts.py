"""Writes .importlinter from the packages found on disk. Usage: import_contracts.py [--check]

import-linter cannot say "every slice of every service" (a wildcard stands for a whole module
name), so the file is made from this template and kept in git; `make check` refuses a stale one.
A new slice is independent of its neighbours until LAYERS below says which of them it may use.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / ".importlinter"

SERVICES = ("registry_svc", "issuance_svc", "trading_svc", "points_svc", "gateway")
FOLDERS = {name: f"services/{name.replace('_', '-')}/src/{name}" for name in SERVICES} | {
    "gateway": "gateway/src/gateway"
}

# Slices of a service from the one that uses others down to the one used by all. `a | b` are
# independent. Slices that are not named here stand in the top row, independent of each other.
LAYERS: dict[str, tuple[str, ...]] = {
    "gateway": (
        "admin",
        "operations | portal | sandbox | tokens",
        "partners",
        "reference",
        "pages",
        "container",
        "edge | keys",
    ),
    "registry_svc": (
        "listings | totals",
        "decisions | documents | imports",
        "projects",
        "calendar | credits | districts | methodologies | sites",
        "organisations",
    ),
    "issuance_svc": (
        "kinds",
        "issuances",
        "verifications",
        "reports",
        "inventories | metering | reviews | reversals",
        "aggregates | buffer | claim_rules | uploads",
        "factors | intervals | projects",
        "organisations",
        "methodologies",
        "container",
    ),
    "trading_svc": (
        "reversals",
        "claims | compliance | market | overview",
        "retirements",
        "certificates",
        "cash | holdings",
        "debts",
        "accounts",
        "fields",
    ),
    "points_svc": (
        "aggregates",
        "redemptions | totals | trips",
        "points",
        "citizens",
        "distribution | projects | rewards | scenarios",
    ),
}

# A service's own modules, above and below its slices.
PROCESS_ABOVE = ("main | worker", "wiring", "api | subscriptions")
PROCESS_BELOW = ("container", "settings", "base")

# A slice from edge to ground. Every other file of a slice is a use case and stands beside
# `service`; they may use each other (acyclic_siblings still forbids a circle).
SLICE_ABOVE = ("endpoints | consumers", "schemas")
SLICE_BELOW = ("repository", "models", "rules", "errors")

WEB = ("fastapi", "starlette", "aiokafka", "httpx", "aiohttp")
# `parts` is what a slice adds to the container, with the dependency that hands it to endpoints.
EDGE = {"endpoints", "consumers", "schemas", "parts"}
# The gateway's own business is HTTP: only these files of its slices must not know it.
GATEWAY_INNER = {"service", "repository", "models", "rules", "errors"}

HEADER = """\
# Written by scripts/import_contracts.py (make contracts). Do not edit.
[importlinter]
root_packages =
{packages}
include_external_packages = True
"""


def lines(items: Iterable[str]) -> str:
    return "\n".join(f"    {item}" for item in items)


def contract(key: str, name: str, kind: str, **options: Sequence[str] | str) -> str:
    text = f"\n[importlinter:contract:{key}]\nname = {name}\ntype = {kind}\n"
    for option, value in options.items():
        text += (
            f"{option} = {value}\n" if isinstance(value, str) else f"{option} =\n{lines(value)}\n"
        )
    return text


def optional(layer: str) -> str:
    return " | ".join(f"({part.strip()})" for part in layer.split("|"))


def modules(folder: Path) -> list[str]:
    """Names of the modules and packages directly in a package."""
    files = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return sorted(files | packages)


def slices(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/__init__.py"))


def service_layers(service: str, folder: Path) -> list[str]:
    """Layers of one service: processes, wiring, slices, settings."""
    found = slices(folder)
    wanted = LAYERS.get(service, ())
    named = {part.strip() for layer in wanted for part in layer.replace(":", "|").split("|")}
    gone = named - set(modules(folder))
    if gone:
        raise SystemExit(f"scripts/import_contracts.py: {service} has no {', '.join(sorted(gone))}")
    fixed = {
        part.strip() for layer in PROCESS_ABOVE + PROCESS_BELOW for part in layer.split("|")
    } - named
    unnamed = [name for name in modules(folder) if name not in named | fixed]
    top = [" | ".join(unnamed)] if unnamed else []
    if not found and not unnamed and not wanted:
        return []
    above = [optional(layer) for layer in PROCESS_ABOVE if layer not in wanted]
    below = [optional(layer) for layer in PROCESS_BELOW if layer not in named]
    return [*above, *top, *wanted, *below]


def slice_layers(folder: Path) -> list[str]:
    """Layers of one slice: edge, use cases, SQL, tables."""
    known = {part.strip() for layer in SLICE_ABOVE + SLICE_BELOW for part in layer.split("|")}
    rest = [name for name in modules(folder) if name not in known]
    sql = [name for name in rest if name.endswith("_repository")]
    use_cases = [name for name in rest if name not in sql]
    middle = [" : ".join(use_cases)] if use_cases else []
    # A repository that grew too long is split: its parts stand beside each other.
    below = [" : ".join(("(repository)", *sql)), *map(optional, SLICE_BELOW[1:])]
    return [*map(optional, SLICE_ABOVE), *middle, *below]


def inner_modules(root: Path) -> list[str]:
    """Modules that decide or store: they may not know HTTP or the bus."""
    found = []
    for service in SERVICES:
        for name in slices(root / FOLDERS[service]):
            inside = set(modules(root / FOLDERS[service] / name)) - EDGE
            if service == "gateway":
                inside &= GATEWAY_INNER
            found += [f"{service}.{name}.{module}" for module in sorted(inside)]
    return found


def shared_contracts(root: Path) -> str:
    text = contract(
        "independence",
        "Services meet only in events and HTTP",
        "independence",
        modules=SERVICES,
    )
    text += contract(
        "repository",
        "embedded over services over contracts over kit",
        "layers",
        layers=("embedded", " | ".join(SERVICES), "tht_contracts", "tht_kit"),
    )
    inner = inner_modules(root)
    if inner:
        text += contract(
            "inner",
            "Rules and SQL know neither HTTP nor Kafka",
            "forbidden",
            source_modules=inner,
            forbidden_modules=WEB,
        )
    text += contract(
        "words",
        "Event contracts are words only",
        "forbidden",
        source_modules=("tht_contracts",),
        forbidden_modules=("sqlalchemy", "fastapi", "aiokafka"),
    )
    adapters = [f"tht_kit.{name}" for name in ("bus_inprocess", "bus_kafka")]
    kit = set(modules(root / "shared/src/tht_kit"))
    present = [name for name in adapters if name.removeprefix("tht_kit.") in kit]
    wirings = [f"{name}.wiring" for name in SERVICES if "wiring" in modules(root / FOLDERS[name])]
    helpers = [f"tht_kit.{name}" for name in ("testing", "topics") if name in kit]
    if present:
        text += contract(
            "adapters",
            "Only the composition roots choose a bus",
            "protected",
            protected_modules=present,
            allowed_importers=("embedded", *wirings, *helpers),
        )
    return text + contract(
        "circles",
        "No circles between siblings",
        "acyclic_siblings",
        ancestors=("tht_kit", "tht_contracts", "embedded", *SERVICES),
    )


def render(root: Path = ROOT) -> str:
    """Return the text of .importlinter for the tree under `root`."""
    packages = ("tht_kit", "tht_contracts", *SERVICES, "embedded")
    text = HEADER.format(packages=lines(packages)) + shared_contracts(root)
    for service in SERVICES:
        folder = root / FOLDERS[service]
        layers = service_layers(service, folder)
        if layers:
            text += contract(
                f"process-{service}",
                f"{service}: processes over wiring over slices over settings",
                "layers",
                containers=(service,),
                layers=layers,
                exhaustive="True",
            )
        for name in slices(folder):
            text += contract(
                f"slice-{service}-{name}",
                f"{service}.{name}: edge over service over repository over models",
                "layers",
                containers=(f"{service}.{name}",),
                layers=slice_layers(folder / name),
                exhaustive="True",
            )
    return text


def main(arguments: list[str]) -> int:
    text = render()
    if "--check" not in arguments:
        OUTPUT.write_text(text, encoding="utf-8")
        return 0
    if not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != text:
        print(".importlinter does not agree with the packages on disk: run make contracts")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
