import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    """Import a script of scripts/ by its file: they are commands, not a package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def script():
    return load


@pytest.fixture
def write(tmp_path: Path):
    """Write a file under the test's folder, with the packages above it."""

    def write_file(path: str, text: str = "") -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if "/src/" in path:
            package = file.parent
            while package.name != "src":
                (package / "__init__.py").touch()
                package = package.parent
        file.write_text(text, encoding="utf-8")
        return file

    return write_file
