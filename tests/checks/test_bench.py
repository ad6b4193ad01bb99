import json

import pytest

FIGURES = """
async def figures():
    return [{"name": "x.rate", "value": 10, "unit": "events/s", "beside": "12 events/s bare",
             "ratio": 0.83, "goal": "0.7", "holds": HOLDS}]
"""


@pytest.fixture
def bench(script, tmp_path, capsys):
    def run(*arguments: str):
        code = script("bench").main(list(arguments), tmp_path, tmp_path / "build/bench.json")
        return code, capsys.readouterr().out

    return run


def test_figures_are_printed_and_written(bench, tmp_path):
    (tmp_path / "bench_x.py").write_text(FIGURES.replace("HOLDS", "True"))

    code, out = bench()
    assert code == 0
    assert "x.rate" in out
    assert json.loads((tmp_path / "build/bench.json").read_text())[0]["ratio"] == 0.83


def test_a_missed_goal_fails(bench, tmp_path):
    (tmp_path / "bench_x.py").write_text(FIGURES.replace("HOLDS", "False"))

    code, out = bench()
    assert code == 1
    assert "MISSES" in out


def test_only_one_is_measured_on_request(bench, tmp_path):
    (tmp_path / "bench_x.py").write_text(FIGURES.replace("HOLDS", "True"))
    (tmp_path / "bench_y.py").write_text("raise SystemExit('not asked for')")

    assert bench("--only", "x")[0] == 0


def test_a_figure_without_a_field_is_refused(bench, tmp_path):
    (tmp_path / "bench_x.py").write_text("async def figures():\n    return [{'name': 'x'}]\n")

    with pytest.raises(ValueError, match="lacks value"):
        bench()
