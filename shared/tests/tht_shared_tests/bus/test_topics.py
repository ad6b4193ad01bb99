"""Topics as data: what topics.yaml says, and what it may not say."""

from pathlib import Path

import pytest

from tht_kit.bus import EVENT_BYTES_MAX, BusMisconfigured
from tht_kit.bus_kafka import PRODUCER_SETTINGS
from tht_kit.relay import KEEP_INBOX
from tht_kit.testing.kafka import KafkaBroker
from tht_kit.topics import Topic, ensure, read_file, topics_of

ROOT = Path(__file__).resolve().parents[4]
TOPICS_FILE = ROOT / "deploy" / "kafka" / "topics.yaml"
DAY_MS = 86_400_000


def file_with(tmp_path: Path, topics: str) -> Path:
    path = tmp_path / "topics.yaml"
    path.write_text(
        "defaults: {partitions: 6, retention_days: 14, timestamp_type: LogAppendTime}\n"
        "dead_letters: {partitions: 1, retention_days: 90}\n"
        f"topics:\n{topics}"
    )
    return path


def test_every_group_of_a_topic_has_its_dead_letter_topic(tmp_path: Path):
    path = file_with(
        tmp_path, "  a.b: {owner: a-svc, key: id, partitions: 3, consumers: [c-svc, d-svc]}\n"
    )
    topics = {topic.name: topic for topic in topics_of(read_file(path))}
    assert list(topics) == ["a.b", "a.b.dlq.c-svc", "a.b.dlq.d-svc"]
    assert topics["a.b"].partitions == 3
    assert topics["a.b"].config["retention.ms"] == str(14 * DAY_MS)
    assert topics["a.b.dlq.c-svc"].config["retention.ms"] == str(90 * DAY_MS)


def test_a_broadcast_topic_is_compacted_and_has_one_partition(tmp_path: Path):
    path = file_with(tmp_path, "  a.b: {owner: a-svc, key: id, broadcast: true}\n")
    [topic] = topics_of(read_file(path))
    assert topic.partitions == 1
    assert topic.config["cleanup.policy"] == "compact"
    assert "retention.ms" not in topic.config


@pytest.mark.parametrize(
    ("topics", "complaint"),
    [
        ("  a.b: {owner: a-svc, key: id, partitons: 3}\n", "partitons"),
        ("  a.b: {owner: a-svc}\n", "key"),
        ("  a.b: {owner: a, key: id, broadcast: true, partitions: 2}\n", "broadcast"),
        ("  a.b: {owner: a, key: id, partitions: 0}\n", "partitions"),
        ("  a.b: [\n", "topics.yaml"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, topics: str, complaint: str):
    with pytest.raises(BusMisconfigured, match=complaint):
        read_file(file_with(tmp_path, topics))


def test_the_platforms_topics_all_append_their_own_time():
    for topic in topics_of(read_file(TOPICS_FILE)):
        assert topic.config["message.timestamp.type"] == "LogAppendTime", topic.name


def test_no_topic_keeps_records_for_longer_than_inboxes_remember_them():
    declared = read_file(TOPICS_FILE)
    for name, topic in declared.topics.items():
        days = topic.retention_days or declared.defaults.retention_days
        assert topic.broadcast or days < KEEP_INBOX.days, name


def test_the_limits_of_size_nest():
    topics = topics_of(read_file(TOPICS_FILE))
    limits = {topic.name: int(topic.config["max.message.bytes"]) for topic in topics}
    letters = [limit for name, limit in limits.items() if ".dlq." in name]
    events = [limit for name, limit in limits.items() if ".dlq." not in name]
    assert EVENT_BYTES_MAX < PRODUCER_SETTINGS["max_batch_size"] <= min(events)
    assert max(events) < PRODUCER_SETTINGS["max_request_size"] <= min(letters)


@pytest.mark.kafka
async def test_topics_are_created_once_and_their_settings_kept_in_line(kafka_broker: KafkaBroker):
    first = Topic("topics.test", 2, {"retention.ms": "1000000", "cleanup.policy": "delete"})
    assert (await ensure(kafka_broker.bootstrap, [first])).created == ["topics.test"]
    again = await ensure(kafka_broker.bootstrap, [first])
    assert (again.created, again.altered, again.complaints) == ([], [], [])
    changed = Topic("topics.test", 2, {"retention.ms": "2000000", "cleanup.policy": "delete"})
    assert (await ensure(kafka_broker.bootstrap, [changed])).altered == ["topics.test"]
    assert (await ensure(kafka_broker.bootstrap, [changed])).altered == []
    wider = Topic("topics.test", 3, changed.config)
    [complaint] = (await ensure(kafka_broker.bootstrap, [wider])).complaints
    assert "has 2 partitions, topics.yaml says 3" in complaint


@pytest.mark.kafka
async def test_a_topic_that_kafka_refuses_is_named(kafka_broker: KafkaBroker):
    with pytest.raises(BusMisconfigured, match="Kafka refuses topic"):
        await ensure(kafka_broker.bootstrap, [Topic("topics.bad", 1, {"retention.ms": "soon"})])
