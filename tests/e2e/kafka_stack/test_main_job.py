"""The main job on separate processes over real Kafka: the same numbers as in one process."""

import pytest

from ..journey import check_main_job

pytestmark = pytest.mark.kafka


def test_the_seven_steps_over_kafka(main_job):
    check_main_job(main_job)
