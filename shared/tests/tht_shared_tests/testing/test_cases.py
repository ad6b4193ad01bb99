"""--cases-max keeps the first cases of each table, and every test that has none."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest

@pytest.mark.parametrize("n", range(5))
def test_table(n):
    assert n < 2

def test_alone():
    pass
"""


@pytest.mark.parametrize(
    ("options", "passed", "failed", "deselected"), [([], 3, 3, 0), (["--cases-max=2"], 3, 0, 3)]
)
def test_the_first_cases_are_kept(pytester, options, passed, failed, deselected):
    pytester.makepyfile(TESTS)
    pytester.makeconftest('pytest_plugins = ["tht_kit.testing.plugin"]')
    ended = pytester.runpytest_subprocess("-p", "no:randomly", "-q", *options)
    ended.assert_outcomes(passed=passed, failed=failed, deselected=deselected)
