"""Control events: facts about the platform itself that every process follows by broadcast."""

from typing import ClassVar

from tht_kit.errors import Text
from tht_kit.events import Event

CONTROL_TOPIC = "gateway.control"


class ClockMoved(Event):
    """The sandbox clock was moved; exists only where SANDBOX=1."""

    event_type: ClassVar[str] = "gateway.clock.moved.v1"
    topic: ClassVar[str] = CONTROL_TOPIC
    key_field: ClassVar[str] = "clock"
    owner: ClassVar[str] = "gateway"
    summary: ClassVar[Text] = Text(
        zh="沙箱时钟被移动，全部进程跟随。", en="The sandbox clock was moved; all processes follow."
    )

    clock: str = "sandbox"
    offset_s: int
