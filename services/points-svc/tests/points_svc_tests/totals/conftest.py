"""A database for each test: totals count everybody."""

from points_svc_tests.aggregates.conftest import api, container, database

__all__ = ["api", "container", "database"]
