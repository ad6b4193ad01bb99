"""Topics as data: reads deploy/kafka/topics.yaml and makes a Kafka cluster agree with it.

python -m tht_kit.topics deploy/kafka/topics.yaml --bootstrap 127.0.0.1:9092

Creates missing topics, dead-letter topics included, and sets their configuration. Never deletes a
topic and never changes a number of partitions: that is reported and left to a human.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tht_kit.bus import BusMisconfigured, BusUnavailable, dead_letter_topic, record_bytes_max

REPLICATION_FACTOR = 3
VISIBLE_TIMEOUT_S = 30.0
_DAY_MS = 86_400_000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Defaults(_Strict):
    partitions: int = Field(ge=1)
    retention_days: int = Field(ge=1)
    timestamp_type: Literal["LogAppendTime"]


class _DeadLetters(_Strict):
    partitions: int = Field(ge=1)
    retention_days: int = Field(ge=1)


class _Declared(_Strict):
    owner: str
    key: str
    partitions: int | None = Field(default=None, ge=1)
    retention_days: int | None = Field(default=None, ge=1)
    consumers: tuple[str, ...] = ()
    broadcast: bool = False

    @model_validator(mode="after")
    def _broadcast_has_no_groups(self) -> "_Declared":
        if self.broadcast and (self.consumers or self.partitions or self.retention_days):
            raise ValueError(
                "a broadcast topic is compacted, has one partition and no groups: leave out"
                " consumers, partitions and retention_days"
            )
        return self


class TopicFile(_Strict):
    """The content of topics.yaml."""

    defaults: _Defaults
    dead_letters: _DeadLetters
    topics: dict[str, _Declared]


@dataclass(frozen=True)
class Topic:
    """One topic as it shall stand on the cluster."""

    name: str
    partitions: int
    config: dict[str, str]


def read_file(path: Path) -> TopicFile:
    """Read topics.yaml. Raises BusMisconfigured naming the place that is wrong."""
    try:
        return TopicFile.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise BusMisconfigured(f"{path}: {error}") from error


def topics_of(declared: TopicFile) -> list[Topic]:
    """Return every topic that the file asks for, dead-letter topics included."""
    topics: list[Topic] = []
    for name, topic in declared.topics.items():
        topics.append(_topic(name, topic, declared.defaults))
        topics += [
            _dead_letter_topic(dead_letter_topic(name, group), declared)
            for group in topic.consumers
        ]
    return topics


def _topic(name: str, topic: _Declared, defaults: _Defaults) -> Topic:
    config: dict[str, str] = {
        "message.timestamp.type": defaults.timestamp_type,
        "max.message.bytes": str(record_bytes_max(name)),
    }
    if topic.broadcast:
        # Short segments, so that compaction has something to do in a topic of few records.
        config |= {"cleanup.policy": "compact", "segment.ms": str(_DAY_MS)}
        return Topic(name, 1, config)
    retention_days = topic.retention_days or defaults.retention_days
    config |= {"cleanup.policy": "delete", "retention.ms": str(retention_days * _DAY_MS)}
    return Topic(name, topic.partitions or defaults.partitions, config)


def _dead_letter_topic(name: str, declared: TopicFile) -> Topic:
    config = {
        "message.timestamp.type": declared.defaults.timestamp_type,
        "cleanup.policy": "delete",
        "retention.ms": str(declared.dead_letters.retention_days * _DAY_MS),
        "max.message.bytes": str(record_bytes_max(name)),
    }
    return Topic(name, declared.dead_letters.partitions, config)


@dataclass(frozen=True)
class Outcome:
    """What `ensure` did, by topic name, and what it will not do on its own."""

    created: list[str]
    altered: list[str]
    complaints: list[str]


async def ensure(
    bootstrap: str, topics: Sequence[Topic], *, replication_factor: int | None = None
) -> Outcome:
    """Create missing topics and set the configuration of those that differ.

    Raises BusUnavailable if no broker answers, BusMisconfigured if the cluster refuses a topic.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        standing = {found["topic"]: found for found in await admin.describe_topics()}
        brokers = len((await admin.describe_cluster())["brokers"])
        missing = [topic for topic in topics if topic.name not in standing]
        await _create(admin, missing, replication_factor or min(REPLICATION_FACTOR, brokers))
        await _until_visible(admin, {topic.name for topic in missing})
        present = [topic for topic in topics if topic.name in standing]
        altered = await _alter(admin, present)
    except KafkaError as error:
        raise BusUnavailable(f"no answer from Kafka at {bootstrap}: {error!r}") from error
    finally:
        await admin.close()
    complaints = [
        f"{topic.name} has {count} partitions, topics.yaml says {topic.partitions}: a change would"
        " break the order of keys; move to a new topic instead"
        for topic in present
        if (count := len(standing[topic.name]["partitions"])) != topic.partitions
    ]
    return Outcome([topic.name for topic in missing], altered, complaints)


async def _create(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], replication_factor: int
) -> None:
    if not topics:
        return
    wanted = [
        NewTopic(topic.name, topic.partitions, replication_factor, topic_configs=topic.config)
        for topic in topics
    ]
    answer = await admin.create_topics(wanted, timeout_ms=30_000)
    for name, code, message in answer.topic_errors:
        error = for_code(code)
        # Somebody else may be creating them at the same time: that is fine.
        if code and error.__name__ != "TopicAlreadyExistsError":
            raise BusMisconfigured(f"Kafka refuses topic {name}: {error.__name__}: {message}")


async def _until_visible(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """Wait until the brokers answer with the new topics: a moment after the controller has them."""
    try:
        async with asyncio.timeout(VISIBLE_TIMEOUT_S):
            while names - set(await admin.list_topics()):  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise BusUnavailable(f"topics were created but do not appear: {sorted(names)}") from error


async def _alter(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> list[str]:
    """Set the configuration of the topics that differ and return their names."""
    differing = [topic for topic in topics if await _config_differs(admin, topic)]
    if differing:
        await admin.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=topic.config)
                for topic in differing
            ]
        )
    return [topic.name for topic in differing]


async def _config_differs(admin: AIOKafkaAdminClient, topic: Topic) -> bool:
    asked = ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=dict(topic.config))
    [answer] = await admin.describe_configs([asked])
    entries: list[Any] = answer.resources[0][4]
    standing = {entry[0]: entry[1] for entry in entries}
    return any(standing.get(name) != value for name, value in topic.config.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the cluster agree with the file; 0 if it does now."""
    parser = argparse.ArgumentParser(prog="python -m tht_kit.topics", description=__doc__)
    parser.add_argument("file", type=Path, help="deploy/kafka/topics.yaml")
    parser.add_argument("--bootstrap", required=True, help="host:port of a broker")
    parser.add_argument(
        "--replication-factor", type=int, help="default: 3, or the number of brokers if fewer"
    )
    given = parser.parse_args(arguments)
    try:
        topics = topics_of(read_file(given.file))
        outcome = asyncio.run(
            ensure(given.bootstrap, topics, replication_factor=given.replication_factor)
        )
    except (BusMisconfigured, BusUnavailable) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(
        f"topics: {len(topics)} declared, {len(outcome.created)} created,"
        f" {len(outcome.altered)} settings changed\n"
    )
    for complaint in outcome.complaints:
        sys.stderr.write(f"{complaint}\n")
    return 1 if outcome.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
