"""The methodologies that can be computed, by code and formula version; old versions stay for ever.

One folder is one methodology. Its files v1.py, v2.py, ... are found here, so a new methodology or a new
formula version touches its own folder alone. Each file names what it can compute in VERSIONS.
"""

import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from issuance_svc import methodologies
from issuance_svc.methodologies.cures import curing
from issuance_svc.methodologies.errors import MethodologyUnsupported
from issuance_svc.methodologies.methodology import Methodology

VERSION_FILE = re.compile(r"v\d+")


@cache
def known() -> dict[tuple[str, str], Methodology]:
    """Return every methodology by code and formula version.

    Raises ValueError where two files claim the same code and version: one of them would be lost.
    """
    found: dict[tuple[str, str], Methodology] = {}
    for folder in iter_modules(methodologies.__path__, f"{methodologies.__name__}."):
        if not folder.ispkg:
            continue
        package = import_module(folder.name)
        for file in iter_modules(package.__path__):
            if VERSION_FILE.fullmatch(file.name):
                for entry in import_module(f"{folder.name}.{file.name}").VERSIONS:
                    key = (entry.code, entry.formula_version)
                    if key in found:
                        raise ValueError(f"{folder.name}.{file.name}: {key} is there already")
                    found[key] = curing(entry)
    return found


def current(code: str) -> Methodology:
    """Return the newest formula version of the methodology; raises MethodologyUnsupported."""
    versions = [entry for (known_code, _), entry in known().items() if known_code == code]
    if not versions:
        raise MethodologyUnsupported(methodology_code=code, formula_version="-")
    return max(versions, key=lambda entry: int(entry.formula_version))


def version(code: str, formula_version: str) -> Methodology:
    """Return the version a result was computed with (R21); raises MethodologyUnsupported."""
    found = known().get((code, formula_version))
    if found is None:
        raise MethodologyUnsupported(methodology_code=code, formula_version=formula_version)
    return found
