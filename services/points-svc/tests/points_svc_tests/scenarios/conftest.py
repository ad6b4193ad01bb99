"""A database for each test: some of them add rule data."""

from points_svc_tests.aggregates.conftest import api, container, database

__all__ = ["api", "container", "database"]
