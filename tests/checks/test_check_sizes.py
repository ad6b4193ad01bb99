import pytest

FOLDER = "services/points-svc/src/points_svc/trips/"


def function(name: str, lines: int, docstring: str = "") -> str:
    return f"def {name}():\n{docstring}" + "    x = 1\n" * (lines - 1)


@pytest.fixture
def run(script, tmp_path, capsys):
    def check(waivers: str = ""):
        file = tmp_path / "waivers.txt"
        file.write_text(waivers)
        code = script("check_sizes").main(tmp_path, file)
        return code, capsys.readouterr().out

    return check


def test_usual_sizes_say_nothing(run, write):
    write(FOLDER + "service.py", function("credit", 40))

    assert run() == (0, "")


def test_look_again_warns_and_passes(run, write):
    write(FOLDER + "service.py", function("credit", 41))

    code, out = run()
    assert code == 0
    assert out.startswith(f"warn {FOLDER}service.py::credit: function, 41")


def test_a_docstring_does_not_count(run, write):
    write(FOLDER + "service.py", function("credit", 40, '    """One.\n\n    Two.\n    """\n'))

    assert run() == (0, "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("service.py", function("credit", 71)),
        ("service.py", "x = 1\n" * 601),
        ("endpoints.py", "x = 1\n" * 501),
        ("repository.py", "x = 1\n" * 401),
        ("schemas.py", "x = 1\n" * 401),
        ("consumers.py", "x = 1\n" * 301),
        ("models.py", "x = 1\n" * 501),
    ],
)
def test_stop_fails(run, write, name, text):
    write(FOLDER + name, text)

    code, out = run()
    assert code == 1
    assert out.startswith("STOP")


def test_a_waiver_with_a_reason_lifts_a_stop(run, write):
    write(FOLDER + "service.py", function("credit", 71))

    code, out = run(f"{FOLDER}service.py::credit one long table reads better whole\n")
    assert (code, out) == (0, "")


def test_a_waiver_without_a_reason_is_refused(run, write):
    write(FOLDER + "service.py", function("credit", 71))

    with pytest.raises(SystemExit, match="no reason"):
        run(f"{FOLDER}service.py::credit\n")


def test_a_waiver_that_nothing_needs_is_refused(run, write):
    write(FOLDER + "service.py", function("credit", 5))

    code, out = run(f"{FOLDER}service.py::credit was long once\n")
    assert code == 1
    assert "needs no waiver any more" in out


def test_a_slice_of_thirteen_files_is_looked_at_again(run, write):
    for number in range(13):
        write(f"{FOLDER}part_{number}.py")

    code, out = run()
    assert code == 0
    assert "slice, 13" in out


def test_the_kit_has_a_limit_of_its_own_and_its_test_fixtures_do_not_count(run, write):
    for number in range(12):
        write(f"shared/src/tht_kit/part_{number}.py", "x = 1\n" * 580)
    code, out = run()
    assert code == 0
    assert "kit, 6960" in out

    write("shared/src/tht_kit/testing/plugin.py", "x = 1\n" * 500)
    assert run()[0] == 0
    write("shared/src/tht_kit/part_12.py", "x = 1\n" * 41)
    assert run()[0] == 1
