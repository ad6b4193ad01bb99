"""Reference data that an empty database starts with: YAML beside this file, graded and sourced."""

from importlib.resources import files
from typing import Any

import yaml


def read(name: str) -> Any:
    """Return a seed file with every scalar as text: a number never becomes a binary float."""
    content = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return yaml.load(content, yaml.BaseLoader)  # noqa: S506 - BaseLoader makes only text
