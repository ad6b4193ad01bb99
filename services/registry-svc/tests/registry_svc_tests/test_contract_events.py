"""What this service emits is what the contracts declare."""

from tht_contracts.events import registry
from tht_contracts.registry import EVENTS
from tht_kit.events import Event

OWN = {name for name, event in EVENTS.items() if event.owner == "registry-svc"}


async def test_every_event_of_the_service_is_emitted_and_valid(register, events):
    project_id = await register.registered()
    emitted: list[Event] = []
    for key in (project_id, register.owner, "CQCM-901-V001", "2026"):
        emitted += await events(key)  # decodes each body with its class
    assert {event.event_type for event in emitted} == OWN
    assert all(event.owner == registry.OWNER for event in emitted)
