"""What this service emits is what the contracts declare."""

from registry_svc_tests.factories import approve, caller, officer
from tht_contracts.events import registry
from tht_contracts.registry import EVENTS
from tht_kit.events import Event

OWN = {name for name, event in EVENTS.items() if event.owner == "registry-svc"}


async def test_every_event_of_the_service_is_emitted_and_valid(register, api, events):
    project_id = await register.registered()
    scopes = ("methodologies:write", "methodologies:approve")
    proposed = await api.post(
        "/v1/methodologies/CQCM-903-V001/withdrawal",
        json={"reason": "由新版本取代"},
        headers=officer(register.bureau, "officer-a", *scopes),
    )
    by_another = officer(register.bureau, "officer-b", *scopes)
    assert (await approve(api, proposed.json()["task_id"], by_another)).status_code == 200
    beneficiary = await api.post(
        "/v1/beneficiaries",
        json={"kind": "event", "name": "2026 重庆马拉松", "country": "CN"},
        headers=caller("retirements:write", org=register.owner),
    )
    reviewed = await approve(
        api, beneficiary.json()["task_id"], officer(register.bureau, "officer-b")
    )
    assert reviewed.status_code == 200
    emitted: list[Event] = []
    keys = (project_id, register.owner, "CQCM-903-V001", beneficiary.json()["beneficiary_id"])
    for key in (*keys, "2026"):
        emitted += await events(key)  # decodes each body with its class
    assert {event.event_type for event in emitted} == OWN
    assert all(event.owner == registry.OWNER for event in emitted)
