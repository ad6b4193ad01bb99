"""One error type means one thing on the whole platform: the page /problems/{type} describes it once."""

import importlib
import pkgutil

import gateway
import issuance_svc
import points_svc
import registry_svc
import trading_svc
from tht_kit.errors import catalogue


def test_a_type_has_one_status_and_one_title_in_all_services():
    for package in (gateway, issuance_svc, points_svc, registry_svc, trading_svc):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith(".errors"):
                importlib.import_module(module.name)
    assert len(catalogue(strict=True)) > 100
