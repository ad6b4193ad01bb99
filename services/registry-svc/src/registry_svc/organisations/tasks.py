"""The kinds of four-eyes task about organisations."""

from registry_svc.organisations.appointments import APPOINTMENT
from registry_svc.organisations.competence import COMPETENCE
from registry_svc.organisations.overrides import OVERRIDE
from registry_svc.organisations.standing import BAN, RESUMPTION, SUSPENSION

TASKS = (APPOINTMENT, OVERRIDE, COMPETENCE, SUSPENSION, RESUMPTION, BAN)
