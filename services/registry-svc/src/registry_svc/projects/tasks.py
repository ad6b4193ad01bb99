"""The kinds of four-eyes task about projects."""

from registry_svc.projects.green_certificates import CLEARANCE
from registry_svc.projects.registration import KIND as REGISTRATION
from registry_svc.projects.standing import DEREGISTERING, RESUMING, SUSPENDING

TASKS = (REGISTRATION, SUSPENDING, RESUMING, DEREGISTERING, CLEARANCE)
