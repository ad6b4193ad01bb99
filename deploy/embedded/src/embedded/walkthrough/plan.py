"""What the walk-through declares about the files, and where they lie."""

from pathlib import Path

from pydantic import AwareDatetime

from embedded.demo.scenario import Part, Reported, ScenarioError, load_text

DECLARED = Path(__file__).parent / "files.yaml"
INCOMPLETE = Path("meter/invalid_Example_NEM12_incomplete_interval.csv")
CONTRADICTORY = Path("meter/Example_NEM13_forward_estimate.csv")


class Plan(Part):
    starts_at: AwareDatetime
    photovoltaic: Reported
    household: Reported
    consumers: Reported
    forest: Reported

    def reported(self) -> dict[str, Reported]:
        return {
            "photovoltaic": self.photovoltaic,
            "household": self.household,
            "consumers": self.consumers,
            "forest": self.forest,
        }


def load_plan(data: Path) -> Plan:
    """Return what is declared of the files under `data`. Raises ScenarioError where one is missing."""
    plan = Plan.model_validate(load_text(DECLARED))
    forest = plan.forest.activity
    plots = forest.file.parent / forest.options["plots"]
    files = [each.activity.file for each in plan.reported().values()]
    for file in (*files, plots, INCOMPLETE, CONTRADICTORY):
        if not (data / file).is_file():
            raise ScenarioError(
                f"{data / file} does not exist: name the folder of the real files with --data"
                " (make walkthrough DATA=folder)"
            )
    return plan
