"""The kinds of four-eyes task about projects."""

from registry_svc.decisions.green_certificates import CLEARANCE
from registry_svc.decisions.registration import KIND as REGISTRATION
from registry_svc.decisions.standing import DEREGISTERING, RESUMING, SUSPENDING

TASKS = (REGISTRATION, SUSPENDING, RESUMING, DEREGISTERING, CLEARANCE)
