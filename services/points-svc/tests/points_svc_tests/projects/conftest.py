"""A database for each test: all of them tell of the same project."""

from points_svc_tests.aggregates.conftest import api, container, database

__all__ = ["api", "container", "database"]
