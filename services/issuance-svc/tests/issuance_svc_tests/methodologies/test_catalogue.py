"""One folder is one methodology; what was computed once is computed again to the digit (R21)."""

import json
import sys
from pathlib import Path

import pytest

from issuance_svc import methodologies
from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies import catalogue
from issuance_svc.methodologies.errors import MethodologyUnsupported
from issuance_svc_tests.factories import meter_csv, pv_project

# Calculations as they were stored: of formula version 1 before the methodologies had folders of
# their own, of later versions when they were first used. They are never written anew.
WRITTEN_BEFORE = {
    f"{file.stem}: {name}": stored
    for file in sorted(Path(__file__).parent.glob("version_*.json"))
    for name, stored in json.loads(file.read_text("utf-8")).items()
}

FLAT_RATE = '''
"""CQCM-999-V001, a flat rate per kilowatt-hour: made up for a test."""

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.methodology import Methodology

CODE, FORMULA_VERSION = "CQCM-999-V001", "%s"


def needs(inputs):
    return [c.FactorNeed(symbol="EF", kind="grid_baseline_om", region="CC", year=2019)]


def calculate(inputs):
    kwh = sum(reading.export_kwh for reading in inputs.readings)
    value = kwh * inputs.factor("EF", "grid_baseline_om").value * %s / 1000
    net = c.step("ER", c.words("一", "one"), "kWh * EF", value, "tCO2e", [inputs.factors["EF"]])
    return c.finish(net, [(inputs.eligible.start.year, net.value)])


VERSIONS = (Methodology(CODE, FORMULA_VERSION, needs, calculate),)
'''


@pytest.fixture
def throwaway(tmp_path, monkeypatch):
    """Return a function that writes one file of a methodology's folder and forgets it afterwards."""

    def write(file: str, content: str) -> None:
        folder = tmp_path / "flat_rate"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / file).write_text(content, encoding="utf-8")
        catalogue.known.cache_clear()

    monkeypatch.setattr(methodologies, "__path__", [*methodologies.__path__, str(tmp_path)])
    yield write
    for name in [name for name in sys.modules if ".methodologies.flat_rate" in name]:
        del sys.modules[name]
    catalogue.known.cache_clear()


@pytest.mark.parametrize("name", sorted(WRITTEN_BEFORE))
def test_r21_what_a_version_wrote_is_computed_again_to_the_digit(name):
    stored = WRITTEN_BEFORE[name]
    inputs = c.Inputs.model_validate(stored["inputs"])
    again = catalogue.version(stored["methodology_code"], stored["formula_version"]).calculate(
        inputs
    )
    assert again.tree.model_dump(mode="json") == stored["calculation"]
    assert format(again.calculated, "f") == stored["calculated"]
    assert again.calculated_t == stored["calculated_t"]
    assert format(again.deducted, "f") == stored["deducted"]
    assert [share.model_dump() for share in again.vintages] == stored["vintages"]
    rung = [flag.model_dump(mode="json") for flag in again.flags]
    assert rung == stored.get("flags", [])  # version 1 knew none
    assert again.buffer_t == stored.get("buffer_t", 0)
    assert format(again.loss, "f") == stored.get("loss", "0")


def test_every_version_is_found_under_its_own_name():
    for (code, formula_version), found in catalogue.known().items():
        assert (found.code, found.formula_version) == (code, formula_version)
        assert catalogue.version(code, formula_version) is found
    folders = {"CQCM-901-V001", "CQCM-902-V001", "CQCM-903-V001"}
    assert folders <= {code for code, _ in catalogue.known()}


def test_an_unknown_methodology_is_named():
    with pytest.raises(MethodologyUnsupported, match="CQCM-009-V001"):
        catalogue.current("CQCM-009-V001")
    with pytest.raises(MethodologyUnsupported, match="formula version 99"):
        catalogue.version("CQCM-901-V001", "99")


async def test_a_new_methodology_is_one_folder(desk, deliver, throwaway):
    """From the folder to whole tonnes through the API, no other file touched."""
    throwaway("v1.py", FLAT_RATE % ("1", "1"))
    await deliver(
        pv_project(
            methodology_code="CQCM-999-V001",
            project_id="flat",
            project_no=999,
            baseline_grid=None,
            baseline_factor_year=None,
        )
    )
    report = await desk.reported(
        project_id="flat", upload_ids=[await desk.uploaded(meter_csv(), project_id="flat")]
    )
    assert (report["methodology_code"], report["formula_version"]) == ("CQCM-999-V001", "1")
    assert report["calculated_t"] == 1030  # 1,200 MWh at 0.8587
    throwaway("v10.py", FLAT_RATE % ("10", "2"))
    throwaway("v2.py", FLAT_RATE % ("2", "3"))
    assert catalogue.current("CQCM-999-V001").formula_version == "10"
    assert catalogue.version("CQCM-999-V001", "1").formula_version == "1"


def test_two_files_cannot_claim_the_same_version(throwaway):
    throwaway("v1.py", FLAT_RATE % ("1", "1"))
    throwaway("v2.py", FLAT_RATE % ("1", "2"))
    with pytest.raises(ValueError, match=r"CQCM-999-V001.*there already"):
        catalogue.known()
