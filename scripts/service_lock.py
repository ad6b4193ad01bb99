"""Prints the part of requirements.lock that one service needs, hashes included: service_lock.py points-svc

Images install this instead of the whole lock, so they hold no test tools and no database server
beyond what the kit itself asks for. uv says which packages the service reaches; versions and hashes
are those of the committed lock and nothing else.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = ("tht-shared", "gateway", "registry-svc", "issuance-svc", "trading-svc", "points-svc")


def blocks(lock: str) -> dict[str, str]:
    """Return the entries of a lock (a pin and its hashes) by package name.

    A package may have several, each for other versions of Python.
    """
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock.strip()):
        name = re.split(r"[=\[; ]", entry, maxsplit=1)[0].lower()
        found[name] = f"{found[name]}\n{entry}" if name in found else entry
    return found


def reached(service: str) -> set[str]:
    """Ask uv which packages the service needs, at the versions of the lock."""
    folder = "gateway" if service == "gateway" else f"services/{service}"
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--no-header", "--no-annotate", "--constraints", "requirements.lock"]
    command += ["shared/pyproject.toml", f"{folder}/pyproject.toml"]
    for member in MEMBERS:
        command += ["--no-emit-package", member]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return set(blocks(done.stdout))


def main(service: str) -> int:
    pinned = blocks((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    wanted = reached(service)
    missing = sorted(wanted - pinned.keys())
    if missing:
        print(f"requirements.lock lacks {', '.join(missing)}: run scripts/lock", file=sys.stderr)
        return 1
    print("\n".join(pinned[name] for name in sorted(wanted)))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
