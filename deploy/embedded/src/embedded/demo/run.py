"""What the seven steps share: the API, the clock, progress, and what has happened so far."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from embedded.demo.client import Api
from embedded.demo.scenario import Scenario

BUREAU_A, BUREAU_B = "bureau-officer-a", "bureau-officer-b"
OPERATOR, VALIDATOR, VERIFIER = "operator-admin", "validator", "verifier"
ENTERPRISE, ORGANISER = "steel-erp", "event-organiser"
MOBILITY, CITY_APP = "bike-partner", "city-app"
CLOCK = "/v1/sandbox/clock"


class DemoImpossible(Exception):
    """The scenario cannot run on this platform; the message says why and what to do."""


@dataclass
class Row:
    """One line of the closing table."""

    step: int
    what: str
    result: str
    link: str = ""


@dataclass(kw_only=True)
class Journey:
    """Steps through the public API. `codes` maps a partner to its organisation's code."""

    api: Api
    url: str
    codes: dict[str, str]
    organisations: list[dict[str, Any]]
    console: Console
    rows: list[Row] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    issued_blocks: list[dict[str, Any]] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)
    steps: int = 7

    def note(self, step: int, what: str, result: str, link: str = "") -> None:
        """Keep a line for the table and show it as progress."""
        self.rows.append(Row(step, what, result, link))
        self.console.print(f"  {what}: [bold]{result}[/bold]", highlight=False)

    @contextmanager
    def step(self, number: int, title: str) -> Iterator[None]:
        self.console.print(f"\n[cyan]{number}/{self.steps}[/cyan] {title}", highlight=False)
        yield

    async def clock(self) -> datetime:
        return datetime.fromisoformat((await self.api.get(CLOCK, partner=OPERATOR))["now"])

    async def start_clock_at(self, starts_at: datetime) -> None:
        """Put the clock where the steps start, unless an earlier run has moved it further."""
        standing = await self.api.get(CLOCK, partner=OPERATOR)
        now = datetime.fromisoformat(standing["now"])
        if standing["offset_s"] == 0 or now < starts_at:
            await self.set_clock(starts_at)

    async def set_clock(self, moment: datetime) -> None:
        """Move the sandbox clock, for the whole platform, to the moment."""
        now = moment.astimezone(UTC).isoformat()
        await self.api.put(CLOCK, {"now": now}, partner=OPERATOR)

    async def pass_notice(self, last_day: str) -> None:
        """Move the clock to the morning after a public notice has ended."""
        morning = datetime.fromisoformat(f"{last_day}T09:00:00+08:00") + timedelta(days=1)
        if morning > await self.clock():
            await self.set_clock(morning)
        self.console.print(
            f"  公示至 {last_day}，沙箱时钟移至次日 / notice ended {last_day}", highlight=False
        )


@dataclass(kw_only=True)
class Run(Journey):
    """One run of the main job; the scenario's files are named relative to its folder."""

    scenario: Scenario
    folder: Path

    async def start_clock(self) -> None:
        await self.start_clock_at(self.scenario.starts_at)
