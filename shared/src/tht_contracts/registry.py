"""The register of events: type -> class. The one place that knows every event of the platform."""

from types import ModuleType

from tht_contracts.events import gateway, issuance, points, registry, trading
from tht_kit.events import Event


def _declared(*modules: ModuleType) -> dict[str, type[Event]]:
    found: dict[str, type[Event]] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Event) and value is not Event:
                other = found.setdefault(value.event_type, value)
                if other is not value:
                    raise RuntimeError(f"{value.event_type} is declared twice")
    return dict(sorted(found.items()))


EVENTS: dict[str, type[Event]] = _declared(registry, issuance, trading, points, gateway)
