"""Every test run, in any folder, has the kit's fixtures."""

pytest_plugins = ["tht_kit.testing.plugin", "tht_kit.testing.kafka"]
