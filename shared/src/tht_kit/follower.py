"""Following a broadcast topic: every process learns every record, also those from before its start.

For small state that all processes share: the sandbox clock, revoked tokens. The topic is compacted,
so what counts is the latest event of each key; a handler must bear older ones before it and
repeats after a reconnect.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from tht_kit.bus import Bus, BusMisconfigured, Delivered
from tht_kit.events import Event, Received, Undecodable, receive

FollowerHandler = Callable[[Received[Any]], Awaitable[None]]

_log = structlog.get_logger()


class Follower:
    """Hands each event of a broadcast topic to the handler of its class.

    `caught_up` is set once all that stood in the topic at the start has been handled: wait for it
    before serving. Types without a handler are passed over; what cannot be decoded is logged.
    """

    def __init__(
        self, bus: Bus, topic: str, handlers: Mapping[type[Event], FollowerHandler]
    ) -> None:
        self._bus = bus
        self._topic = topic
        for event_class in handlers:
            if event_class.topic != topic:
                raise BusMisconfigured(
                    f"{event_class.event_type} travels on {event_class.topic}, not on {topic}"
                )
        self._handlers = handlers
        self._classes = {found.event_type: found for found in handlers}
        self.caught_up = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the topic until `stop` is set. Raises what a handler raises."""
        await self._bus.follow(self._topic, self._handle, caught_up=self.caught_up, stop=stop)

    async def _handle(self, batch: Sequence[Delivered]) -> None:
        for record in batch:
            try:
                event = receive(record, self._classes)
            except Undecodable as error:
                _log.error(
                    "follower.undecodable",
                    topic=self._topic,
                    position=record.position,
                    reason=str(error),
                )
                continue
            if event is not None:
                await self._handlers[type(event.data)](event)
