"""What the steps of the walk-through share."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from embedded.demo.run import Journey
from embedded.walkthrough.plan import Plan


@dataclass(kw_only=True)
class Walk(Journey):
    """The files under `data`, and how each of them ended."""

    plan: Plan
    data: Path
    steps: int = 8
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    fractions: dict[str, Decimal] = field(default_factory=dict)

    def say(self, text: str) -> None:
        self.console.print(f"  {text}", highlight=False, markup=False, soft_wrap=True)
