"""What this service emits is what the contracts declare; what it listens to, it can take."""

from issuance_svc.subscriptions import SUBSCRIPTIONS
from issuance_svc_tests.factories import BUREAU, OWNER, PV_ID, caller
from tht_contracts.events.trading import CreditsRetired
from tht_contracts.examples import EXAMPLES
from tht_contracts.registry import EVENTS

OWN = {name for name, event in EVENTS.items() if event.owner == "issuance-svc"}


async def test_every_event_of_the_service_is_emitted_and_valid(desk, deliver, events):
    issued = await desk.issued(await desk.reported())
    error = {
        "project_id": PV_ID,
        "kind": "error",
        "occurred_on": "2026-01-05",
        "loss_t": "49",
        "issuance_id": issued["issuance_id"],
        "description": "读数抄错一位。",
        "evidence": [{"name": "抄表照片", "sha256": "ab" * 32}],
    }
    headers = caller("reversals:write", org=OWNER, subject="owner")
    told = (await desk.api.post("/v1/reversals", json=error, headers=headers)).json()
    path = f"/v1/issuance-tasks/{told['task_id']}/approval"
    headers = caller("reversals:confirm", org=BUREAU, subject="officer-b")
    assert (await desk.api.post(path, json={}, headers=headers)).status_code == 200
    [retired] = [example for example in EXAMPLES if isinstance(example, CreditsRetired)]
    settles = {"quantity_t": 49, "reversal_id": told["reversal"]["reversal_id"]}
    await deliver(retired.model_copy(update=settles))
    emitted = await events(PV_ID)  # decodes each body with its class
    assert {event.event_type for event in emitted} == OWN
    assert all(event.owner == "issuance-svc" for event in emitted)


async def test_every_example_of_the_topics_it_reads_is_taken(deliver, count_rows):
    handled = {event for found in SUBSCRIPTIONS for event in found.handlers}
    examples = [example for example in EXAMPLES if type(example) in handled]
    assert {type(example) for example in examples} == handled
    await deliver(*examples)
    await deliver(*examples)
    assert await count_rows("outbox") == 0  # no dead letter
    for table, rows in (("organisations", 2), ("projects", 1), ("aggregates", 1)):
        assert await count_rows(table) == rows, table
