import io
import json
import logging

import pytest
import structlog

from tht_kit.logging import REDACTED, bound, configure


@pytest.fixture
def lines():
    """Log into a buffer; give back a function that reads its JSON lines."""
    kept_handlers, kept_level = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    configure("INFO", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.root.handlers[:] = kept_handlers
    logging.root.setLevel(kept_level)
    structlog.reset_defaults()


def test_event_name_level_and_fields_become_one_json_line(lines):
    structlog.get_logger("relay").info("relay.published", count=3)

    (line,) = lines()
    assert line["event"] == "relay.published"
    assert line["count"] == 3
    assert line["level"] == "info"
    assert line["logger"] == "relay"
    assert line["timestamp"].endswith("Z")


def test_bound_ids_stand_in_own_and_in_library_lines_until_the_block_ends(lines):
    with bound(correlation_id="c-1", event_id="e-1"):
        structlog.get_logger().info("inside")
        logging.getLogger("some.library").warning("slow %s", "thing")
    structlog.get_logger().info("outside")

    own, library, outside = lines()
    assert (own["correlation_id"], own["event_id"]) == ("c-1", "e-1")
    assert (library["event"], library["correlation_id"]) == ("slow thing", "c-1")
    assert "correlation_id" not in outside


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "hunter2"},
        {"client_secret": "hunter2"},
        {"Authorization": "hunter2"},
        {"access_token": "hunter2"},
        {"GATEWAY_SIGNING_KEY": "hunter2"},
        {"settings": {"cursor_secret": "hunter2"}},
        {"headers": [{"cookie": "hunter2"}]},
        {"url": "postgresql://registry:hunter2@db/registry"},
        {"header": "Bearer hunter2"},
    ],
)
def test_secrets_are_taken_out_by_name_and_by_shape(lines, fields):
    structlog.get_logger().info("start", **fields)

    text = json.dumps(lines())
    assert "hunter2" not in text
    assert REDACTED in text


def test_what_only_sounds_like_a_secret_is_kept(lines):
    structlog.get_logger().info(
        "kept", tokens_used=5, key="project-7", url="http://127.0.0.1:8000/x", topic="points.trips"
    )

    (line,) = lines()
    assert (line["tokens_used"], line["key"]) == (5, "project-7")
    assert line["url"] == "http://127.0.0.1:8000/x"


def test_secrets_in_an_exception_are_taken_out(lines):
    try:
        raise ValueError("cannot reach postgresql://a:hunter2@db/x")
    except ValueError:
        structlog.get_logger().exception("database.unreachable")

    (line,) = lines()
    assert "hunter2" not in json.dumps(line)
    assert line["exception"][0]["exc_type"] == "ValueError"


def fail_with(body: str) -> None:
    raise ValueError(len(body))


def test_a_traceback_shows_no_values_of_local_variables(lines):
    """They hold tokens and bodies that no rule would find, and take seconds to render."""
    try:
        fail_with("somebody's " + "document")
    except ValueError:
        structlog.get_logger().exception("request.failed")

    (line,) = lines()
    assert line["exception"][0]["exc_value"] == "19"
    assert "somebody's document" not in json.dumps(line)


def test_a_traceback_on_the_console_shows_no_values_either():
    kept_handlers, kept_level = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    try:
        configure("INFO", json=False, stream=stream)
        try:
            fail_with("somebody's " + "document")
        except ValueError:
            structlog.get_logger().exception("request.failed")
    finally:
        logging.root.handlers[:] = kept_handlers
        logging.root.setLevel(kept_level)
        structlog.reset_defaults()

    assert "ValueError: 19" in stream.getvalue()
    assert "somebody's document" not in stream.getvalue()


def test_lines_below_the_level_are_dropped(lines):
    structlog.get_logger().debug("noise")
    logging.getLogger("aiokafka.conn").info("narration")

    assert lines() == []


def test_console_mode_is_readable_and_redacts_too():
    kept_handlers, kept_level = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    try:
        configure("INFO", json=False, stream=stream)
        structlog.get_logger().info(
            "embedded.ready", url="http://127.0.0.1:8080", password="hunter2"
        )
    finally:
        logging.root.handlers[:] = kept_handlers
        logging.root.setLevel(kept_level)
        structlog.reset_defaults()

    assert "embedded.ready" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_an_unknown_level_names_the_setting():
    with pytest.raises(ValueError, match="LOG_LEVEL"):
        configure("LOUD")
