"""The platform as separate processes on real Kafka and PostgreSQL, once per session."""

import os
from collections.abc import Iterator

import pytest

from embedded.stack import Options, Stack
from tht_kit.testing.kafka import reason_for_no_kafka

from .probes import Probe


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    reason = reason_for_no_kafka()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    options = Options(port=0, kafka_port=0, log_level="WARNING")
    with Stack(tmp_path_factory.mktemp("stack"), options) as running:
        yield running


@pytest.fixture
async def probe(stack: Stack) -> Probe:
    found = Probe(stack)
    await found.settled()
    return found
